/**
 * Removes files that no snapshot, branch or tag of a table reaches.
 *
 * <p>What an expiry makes unreachable is noted before it and removed some time after it; what
 * nobody noted (writers that were killed, expiries by other tools) is found by listing the table's
 * folders. Both look at the table's newest metadata right before they delete.
 */
@NullMarked
package dev.firn.compaction.cleaning;

import org.jspecify.annotations.NullMarked;
