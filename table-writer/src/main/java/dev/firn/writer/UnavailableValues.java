package dev.firn.writer;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.variants.Variant;

/** Puts a row's earlier values where the source sent none. */
final class UnavailableValues {
  private static final long SMALL = 24;

  private UnavailableValues() {}

  static boolean isIn(Record row) {
    for (int i = 0; i < row.size(); i++) {
      if (row.get(i) == Unavailable.VALUE) {
        return true;
      }
    }
    return false;
  }

  /**
   * Fills in what is missing.
   *
   * @param earlier a row whose leading fields are the columns of {@code row}
   * @return about how many bytes of memory they take
   */
  static long fill(Record row, Record earlier) {
    long bytes = 0;
    for (int i = 0; i < row.size(); i++) {
      if (row.get(i) == Unavailable.VALUE) {
        Object value = earlier.get(i);
        row.set(i, value);
        bytes += bytes(value);
      }
    }
    return bytes;
  }

  private static long bytes(Object value) {
    return switch (value) {
      case CharSequence text -> text.length();
      case ByteBuffer buffer -> buffer.remaining();
      case Variant variant -> variant.metadata().sizeInBytes() + variant.value().sizeInBytes();
      case Collection<?> values ->
          SMALL + values.stream().mapToLong(UnavailableValues::bytes).sum();
      case Map<?, ?> map -> SMALL + bytes(map.keySet()) + bytes(map.values());
      case null, default -> SMALL;
    };
  }
}
