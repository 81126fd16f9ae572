package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.apache.iceberg.Accessor;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * A curve through some columns on which rows lie near each other that are near in all of them. What
 * counts is not a value but how many of the rows have a smaller one, as a sample of them tells: so
 * each column has the same weight, whatever its type, its range and the beginning of its texts.
 */
final class ZOrder {
  /** A column is divided into 2 to the power of so many ranges, with as many rows in each. */
  private static final int BITS = 10;

  private static final int MOST_SAMPLES = 16_384;
  private static final int LEAST_SAMPLES = 1_024;

  /** Of a text or of bytes a sample keeps so much. */
  private static final int PREFIX = 64;

  /** What a value of a sample takes, about. */
  private static final long BYTES_PER_VALUE = 48 + 2 * PREFIX;

  private static final long SEED = 0x5EED;
  private static final int PACE_ROWS = 8_192;

  private final List<Column> columns;
  private final int bits;

  /**
   * @param bounds between its ranges, in order
   */
  private record Column(
      Accessor<StructLike> value,
      Comparator<@Nullable Object> order,
      List<@Nullable Object> bounds) {
    /** The number of bounds that are smaller. */
    int range(StructLike row) {
      Object sought = value.get(row);
      int from = 0;
      int to = bounds.size();
      while (from < to) {
        int middle = (from + to) >>> 1;
        if (order.compare(bounds.get(middle), sought) < 0) {
          from = middle + 1;
        } else {
          to = middle;
        }
      }
      return from;
    }
  }

  private ZOrder(List<Column> columns) {
    this.columns = columns;
    this.bits = Math.min(BITS, (Long.SIZE - 1) / columns.size());
  }

  /**
   * Reads these columns of the files.
   *
   * @param memoryBytes for the sample, about
   */
  static ZOrder of(
      Table table, FileGroup group, List<NestedField> fields, long memoryBytes, Work work) {
    Set<Integer> ids = fields.stream().map(NestedField::fieldId).collect(Collectors.toSet());
    Schema read = TypeUtil.select(table.schema(), ids);
    Sample sample = new Sample(read, fields, memoryBytes);
    for (PlannedFile file : group.files()) {
      sample.read(table, file, work);
    }
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < fields.size(); i++) {
      NestedField field = fields.get(i);
      Comparator<Object> values = Comparators.forType(field.type().asPrimitiveType());
      Comparator<@Nullable Object> order = Comparator.nullsFirst(values);
      columns.add(
          new Column(
              requireNonNull(table.schema().accessorForField(field.fieldId())),
              order,
              sample.bounds(i, order)));
    }
    return new ZOrder(columns);
  }

  /**
   * Where on the curve a row lies.
   *
   * @param row of all columns of the table
   */
  long place(StructLike row) {
    long place = 0;
    for (int c = 0; c < columns.size(); c++) {
      int range = columns.get(c).range(row) >>> (BITS - bits);
      for (int bit = 0; bit < bits; bit++) {
        int to = bit * columns.size() + columns.size() - 1 - c;
        place |= ((range >>> bit) & 1L) << to;
      }
    }
    return place;
  }

  /** As many rows as there is room for, any of them with the same probability. */
  private static final class Sample {
    private final Schema read;
    private final InternalRecordWrapper view;
    private final List<Accessor<StructLike>> values;
    private final int most;
    private final List<@Nullable Object[]> rows = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private long seen;

    Sample(Schema read, List<NestedField> fields, long memoryBytes) {
      this.read = read;
      this.view = new InternalRecordWrapper(read.asStruct());
      this.values =
          fields.stream()
              .map(field -> requireNonNull(read.accessorForField(field.fieldId())))
              .toList();
      long affordable = memoryBytes / (BYTES_PER_VALUE * fields.size());
      this.most = Math.clamp(affordable, LEAST_SAMPLES, MOST_SAMPLES);
    }

    void read(Table table, PlannedFile file, Work work) {
      try (CloseableIterable<Record> records =
          DataFiles.rows(table, file.file(), file.spec(), read)) {
        for (Record row : records) {
          take(row);
          if (seen % PACE_ROWS == 0) {
            work.advance(0);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read a data file of " + table.name(), e);
      }
    }

    private void take(Record row) {
      seen++;
      if (rows.size() < most) {
        rows.add(kept(row));
      } else {
        long at = random.nextLong(seen);
        if (at < most) {
          rows.set((int) at, kept(row));
        }
      }
    }

    private @Nullable Object[] kept(Record row) {
      view.wrap(row);
      @Nullable Object[] kept = new Object[values.size()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = shortened(values.get(i).get(view));
      }
      return kept;
    }

    private static @Nullable Object shortened(@Nullable Object value) {
      if (value instanceof CharSequence text) {
        return text.subSequence(0, Math.min(PREFIX, text.length())).toString();
      } else if (value instanceof ByteBuffer bytes) {
        byte[] first = new byte[Math.min(PREFIX, bytes.remaining())];
        bytes.duplicate().get(first);
        return ByteBuffer.wrap(first);
      }
      return value;
    }

    List<@Nullable Object> bounds(int column, Comparator<@Nullable Object> order) {
      List<@Nullable Object> sorted = new ArrayList<>();
      rows.forEach(row -> sorted.add(row[column]));
      sorted.sort(order);
      List<@Nullable Object> bounds = new ArrayList<>();
      for (long range = 1; range < 1 << BITS && !sorted.isEmpty(); range++) {
        bounds.add(sorted.get((int) ((range * sorted.size()) >>> BITS)));
      }
      return bounds;
    }
  }
}
