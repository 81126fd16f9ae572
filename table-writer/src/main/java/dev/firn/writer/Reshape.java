package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.iceberg.types.Types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Copies rows of a table, whatever columns they were made with, by the names of the columns; a
 * value of a type that was widened since is widened. For one thread.
 */
final class Reshape {
  private final List<NestedField> to;
  private final int first;
  private @Nullable StructType from;
  private int @Nullable [] positions;

  /**
   * @param first the position of the first field that is copied to
   */
  Reshape(List<NestedField> to, int first) {
    this.to = to;
    this.first = first;
  }

  @SuppressWarnings("ReferenceEquality") // rows of one shape share it
  void copy(Record row, Record into) {
    if (row.struct() != from) {
      positions = positionsIn(row.struct());
      from = row.struct();
    }
    int[] at = requireNonNull(positions);
    for (int i = first; i < at.length; i++) {
      Object value = at[i] < 0 ? null : row.get(at[i]);
      into.set(i, value == null ? null : Widening.widen(value, to.get(i).type()));
    }
  }

  private int[] positionsIn(StructType struct) {
    return to.stream()
        .mapToInt(field -> {
          NestedField found = struct.field(field.name());
          return found == null ? -1 : struct.fields().indexOf(found);
        })
        .toArray();
  }
}
