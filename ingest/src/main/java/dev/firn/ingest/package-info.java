/** The application: Debezium Server with the sink, and the command line. */
@NullMarked
package dev.firn.ingest;

import org.jspecify.annotations.NullMarked;
