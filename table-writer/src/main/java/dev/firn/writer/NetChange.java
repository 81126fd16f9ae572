package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** What a batch does to one row in the end. */
sealed interface NetChange {
  /** The key of the row that it replaces or removes, if that exists; null: none. */
  @Nullable RowKey origin();

  /**
   * A row that is there after the batch.
   *
   * @param origin the key of the row that it replaces, if that exists; null: it replaces none
   * @param version the key that the row had before the batch, which is another one where it was
   *     changed: values that the row lacks are found there; null: it lacks none
   */
  record Put(@Nullable RowKey origin, RowKey key, Record row, @Nullable RowKey version)
      implements NetChange {
    public Put {
      requireNonNull(key, "key is null");
      requireNonNull(row, "row is null");
    }
  }

  /** A row of this key, if there is one, is gone after the batch. */
  record Remove(RowKey origin) implements NetChange {
    public Remove {
      requireNonNull(origin, "origin is null");
    }
  }
}
