/** Rewrite, retention and cleaning of tables, one after another. */
@NullMarked
package dev.firn.compaction.maintenance;

import org.jspecify.annotations.NullMarked;
