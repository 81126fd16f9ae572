/** Writes changes of rows into Iceberg tables, without knowing where the changes come from. */
@NullMarked
package dev.firn.writer;

import org.jspecify.annotations.NullMarked;
