package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.VariantText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;

/** The rows of one snapshot of an Iceberg table, read by Iceberg's generic reader. */
public final class LakeRows implements CanonicalRows {
  private final Table table;
  private final @Nullable Snapshot snapshot;
  private final List<String> columns;

  private LakeRows(Table table, @Nullable Snapshot snapshot, List<String> columns) {
    this.table = table;
    this.snapshot = snapshot;
    this.columns = columns;
  }

  /** The rows of the table's current snapshot, these columns in this order. */
  public static LakeRows of(Table table, List<String> columns) {
    requireNonNull(table, "table is null");
    for (String column : columns) {
      if (table.schema().findField(column) == null) {
        throw new IllegalArgumentException("%s has no column %s".formatted(table, column));
      }
    }
    return new LakeRows(table, table.currentSnapshot(), List.copyOf(columns));
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public void forEach(Visitor visitor) {
    if (snapshot == null) {
      return;
    }
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table)
            .useSnapshot(snapshot.snapshotId())
            // the types that the columns have now, also where the snapshot is older
            .project(table.schema().select(columns))
            .build()) {
      @Nullable String[] texts = new @Nullable String[columns.size()];
      for (Record row : rows) {
        for (int i = 0; i < texts.length; i++) {
          texts[i] = text(row.getField(columns.get(i)));
        }
        visitor.row(texts);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rows that the table had at a snapshot. */
  static LakeRows at(Table table, long snapshotId, List<String> columns) {
    return new LakeRows(table, table.snapshot(snapshotId), List.copyOf(columns));
  }

  static @Nullable String text(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case BigDecimal decimal -> decimal.toPlainString();
      case ByteBuffer bytes -> hex(bytes);
      case Variant variant -> VariantText.of(variant);
      case byte[] bytes -> HexFormat.of().formatHex(bytes);
      case List<?> list -> texts(list).toString();
      case Map<?, ?> map -> {
        Map<String, @Nullable String> texts = new TreeMap<>();
        map.forEach((key, to) -> texts.put(String.valueOf(text(key)), text(to)));
        yield texts.toString();
      }
      case Record struct ->
          IntStream.range(0, struct.size())
              .mapToObj(i -> String.valueOf(text(struct.get(i))))
              .collect(Collectors.joining(", ", "(", ")"));
      default -> value.toString();
    };
  }

  private static List<String> texts(List<?> values) {
    return values.stream().map(value -> String.valueOf(text(value))).toList();
  }

  private static String hex(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }
}
