/** A shop on a real PostgreSQL, the sink in a process of its own, and what comes out of it. */
@NullMarked
package dev.firn.ingest.demo;

import org.jspecify.annotations.NullMarked;
