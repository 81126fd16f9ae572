package dev.firn.writer;

import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.Record;

/** Computes the keys of one table's rows; the hash is keyed by a seed of this process. */
public final class RowKeys {
  /** @param key the key columns; empty: the whole row is the key */
  public static RowKeys of(Schema schema, List<String> key) {
    throw new UnsupportedOperationException();
  }

  /** The key of a row whose leading fields are those of the schema, in its order. */
  public RowKey keyOf(Record row) {
    throw new UnsupportedOperationException();
  }
}
