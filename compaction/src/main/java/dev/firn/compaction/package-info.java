/**
 * Merges small data files and applies deletion vectors, while writers go on.
 *
 * <p>Knows Iceberg and the marks of the table writer, and neither a source nor a server.
 */
@NullMarked
package dev.firn.compaction;

import org.jspecify.annotations.NullMarked;
