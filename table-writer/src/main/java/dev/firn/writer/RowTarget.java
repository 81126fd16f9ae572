package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * What a decoder needs to know of an open table.
 *
 * @param columns the table's columns, in order; a row's leading fields
 * @param written what a row given to the writer must be made of: the columns, then (format v3) the
 *     row lineage fields, which the decoder leaves null
 */
public record RowTarget(
    TableIdentifier table, Schema columns, Schema written, List<String> key, RowKeys keys) {
  public RowTarget {
    requireNonNull(table, "table is null");
    requireNonNull(columns, "columns is null");
    requireNonNull(written, "written is null");
    key = List.copyOf(key);
    requireNonNull(keys, "keys is null");
  }
}
