package dev.firn.writer;

import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * What a batch does to one row in the end.
 *
 * @param origin the key of the row that it replaces or removes, if that exists; null: none
 * @param key the new row's key, null when there is none
 * @param row the new row, null when there is none
 */
record NetChange(@Nullable RowKey origin, @Nullable RowKey key, @Nullable Record row) {}
