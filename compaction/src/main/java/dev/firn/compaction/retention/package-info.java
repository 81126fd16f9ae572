/**
 * Which snapshots of a table stay: the recent ones, one for each minute, hour, day and year, what
 * others point at, and what is held.
 *
 * <p>Changes metadata only: no file but a metadata file is written, none is deleted.
 */
@NullMarked
package dev.firn.compaction.retention;

import org.jspecify.annotations.NullMarked;
