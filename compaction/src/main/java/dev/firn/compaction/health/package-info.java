/**
 * Says how a table stands, by its metadata and manifests alone: no folder is listed, no row read.
 */
@NullMarked
package dev.firn.compaction.health;

import org.jspecify.annotations.NullMarked;
