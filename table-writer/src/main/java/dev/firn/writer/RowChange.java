package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import org.apache.iceberg.data.Record;

/** A change to the rows of one table, in source commit order. */
public sealed interface RowChange {

  /** A row that is new at the source ({@code c}). */
  record Insert(RowKey key, Record row) implements RowChange {
    public Insert {
      requireNonNull(key, "key is null");
      requireNonNull(row, "row is null");
    }
  }

  /**
   * A row that changed ({@code u}). In a table with a key {@code before} equals {@code key}: a
   * changed key arrives as a delete and an insert. In a keyless table both stand for whole rows.
   */
  record Update(RowKey before, RowKey key, Record row) implements RowChange {
    public Update {
      requireNonNull(before, "before is null");
      requireNonNull(key, "key is null");
      requireNonNull(row, "row is null");
    }
  }

  /** A row that is gone ({@code d}). In a keyless table: one of the rows that are equal to it. */
  record Delete(RowKey key) implements RowChange {
    public Delete {
      requireNonNull(key, "key is null");
    }
  }

  /** All rows of the table are gone ({@code t}). */
  record Truncate() implements RowChange {}
}
