/** What the logs of the kinds of source mean: where transactions end, and how places compare. */
@NullMarked
package dev.firn.ingest.log;

import org.jspecify.annotations.NullMarked;
