package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

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
   * A row that changed ({@code u}). In a keyless table both keys stand for whole rows. In a table
   * with a key they differ where that was changed: the row goes on as another one, which is told as
   * a delete and an insert, but values that the source left out are those of the row before.
   *
   * @param rowBefore the whole row before the change in a keyless table; where the key was changed
   *     what the source sent of it, at least its key; null in others
   */
  record Update(RowKey before, RowKey key, Record row, @Nullable Record rowBefore)
      implements RowChange {
    /** Of a table with a key, which stays. */
    public Update(RowKey key, Record row) {
      this(key, key, row, null);
    }

    public Update {
      requireNonNull(before, "before is null");
      requireNonNull(key, "key is null");
      requireNonNull(row, "row is null");
    }
  }

  /**
   * A row that is gone ({@code d}). In a keyless table: one of the rows that are equal to it.
   *
   * @param row what the source sent of it, at least its key; the other values are null
   */
  record Delete(RowKey key, Record row) implements RowChange {
    public Delete {
      requireNonNull(key, "key is null");
      requireNonNull(row, "row is null");
    }
  }

  /** All rows of the table are gone ({@code t}). */
  record Truncate() implements RowChange {}

  /** Changes no row: what the table cannot take of an event goes to the quarantine. */
  record Aside(SetAside what) implements RowChange {
    public Aside {
      requireNonNull(what, "what is null");
    }
  }
}
