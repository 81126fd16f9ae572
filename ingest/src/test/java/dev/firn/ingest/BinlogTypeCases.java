package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.BinlogServer;
import dev.firn.testing.MariaDbTypes;
import dev.firn.writer.Lake;
import dev.firn.writer.VariantText;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every type of a server with a binary log into real Iceberg tables. */
abstract class BinlogTypeCases {
  private static final int STREAMED = 1000;

  private final List<MariaDbTypes.Type> all;
  private final List<MariaDbTypes.Type> asText;
  private final List<MariaDbTypes.Type> asVariant;
  private final List<MariaDbTypes.Type> asGeometry;

  BinlogTypeCases(
      List<MariaDbTypes.Type> all,
      List<MariaDbTypes.Type> asText,
      List<MariaDbTypes.Type> asVariant,
      List<MariaDbTypes.Type> asGeometry) {
    this.all = all;
    this.asText = asText;
    this.asVariant = asVariant;
    this.asGeometry = asGeometry;
  }

  abstract BinlogServer start();

  @Test
  void everyTypeArrivesExactly(@TempDir Path lake) throws Exception {
    try (BinlogServer server = start();
        Connection connection = server.connect("");
        Statement sql = connection.createStatement()) {
      sql.execute("SET sql_mode = ''");
      sql.execute("CREATE DATABASE types");
      sql.execute("USE types");
      create(sql, "all_types", all);
      create(sql, "texts", asText);
      create(sql, "variants", asVariant);
      create(sql, "shapes", asGeometry);
      insert(sql, 0);
      Map<String, String> settings = Engine.settings(server, lake);
      settings.put("debezium.sink.iceberg.columns.as-text", "types\\..*texts\\.c\\d+");
      settings.put("debezium.sink.iceberg.columns.as-variant", "types\\..*variants\\.c\\d+");
      settings.put("debezium.sink.iceberg.columns.as-geometry", "types\\..*shapes\\.c\\d+");
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
        insert(sql, STREAMED);
        // The definition as a statement tells it, not as the server does, and rows read beside.
        create(sql, "later_types", all);
        create(sql, "later_texts", asText);
        create(sql, "later_variants", asVariant);
        create(sql, "later_shapes", asGeometry);
        engine.awaitTrue(() -> engine.run().tables().size() == 8);
        insert(sql, "later_types", all, STREAMED);
        insert(sql, "later_texts", asText, STREAMED);
        insert(sql, "later_variants", asVariant, STREAMED);
        insert(sql, "later_shapes", asGeometry, STREAMED);
        engine.awaitCaughtUpWith(connection);
        engine.awaitTrue(() -> engine.run().status(Instant.now()).readings().isEmpty());
      }
      List<String> problems = new ArrayList<>();
      compare(problems, lake, "all_types", all);
      compare(problems, lake, "texts", asText);
      compare(problems, lake, "later_types", all);
      compare(problems, lake, "later_texts", asText);
      compare(problems, lake, "variants", asVariant);
      compare(problems, lake, "shapes", asGeometry);
      compare(problems, lake, "later_variants", asVariant);
      compare(problems, lake, "later_shapes", asGeometry);
      assertThat(problems).isEmpty();
    }
  }

  private static void create(Statement sql, String table, List<MariaDbTypes.Type> types)
      throws SQLException {
    String columns =
        IntStream.range(0, types.size())
            .mapToObj(i -> "c%d %s".formatted(i, types.get(i).type()))
            .collect(Collectors.joining(", "));
    sql.execute("CREATE TABLE %s (id int PRIMARY KEY, %s)".formatted(table, columns));
  }

  private static int rows(List<MariaDbTypes.Type> types) {
    return types.stream().mapToInt(MariaDbTypes.Type::size).max().orElseThrow() + 1;
  }

  private void insert(Statement sql, int from) throws SQLException {
    insert(sql, "all_types", all, from);
    insert(sql, "texts", asText, from);
    insert(sql, "variants", asVariant, from);
    insert(sql, "shapes", asGeometry, from);
  }

  private static void insert(Statement sql, String table, List<MariaDbTypes.Type> types, int from)
      throws SQLException {
    for (int row = 0; row < rows(types); row++) {
      List<String> columns = new ArrayList<>(List.of("id"));
      List<String> values = new ArrayList<>(List.of(Integer.toString(from + row)));
      for (int i = 0; i < types.size(); i++) {
        if (isWritten(types.get(i), row)) {
          columns.add("c" + i);
          values.add(types.get(i).literal(row));
        }
      }
      sql.execute(
          "INSERT INTO %s (%s) VALUES (%s)"
              .formatted(table, String.join(", ", columns), String.join(", ", values)));
    }
  }

  /** Not those that the server makes itself, nor nulls where there must be a value. */
  private static boolean isWritten(MariaDbTypes.Type type, int row) {
    return !type.isGenerated() && (row < type.size() || !type.isRequired());
  }

  private static void compare(
      List<String> problems, Path lake, String name, List<MariaDbTypes.Type> types)
      throws Exception {
    Table table =
        Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake))
            .loadTable(TableIdentifier.of("types", name));
    Map<Integer, Record> found = rows(table);
    boolean isLater = name.startsWith("later");
    assertThat(found).hasSize((isLater ? 1 : 2) * rows(types));
    for (int i = 0; i < types.size(); i++) {
      MariaDbTypes.Type type = types.get(i);
      String became = String.valueOf(table.schema().findType("c" + i));
      if (!became.equals(type.iceberg())) {
        problems.add("%s became %s, not %s".formatted(type.type(), became, type.iceberg()));
      }
      for (int row = 0; row < rows(types); row++) {
        if (isWritten(type, row) || row == 0) {
          if (!isLater) {
            compare(problems, type, row, "read", found.get(row), i);
          }
          compare(problems, type, row, "streamed", found.get(row + STREAMED), i);
        }
      }
    }
  }

  private static void compare(
      List<String> problems,
      MariaDbTypes.Type type,
      int row,
      String how,
      @Nullable Record found,
      int column) {
    String text = text(Objects.requireNonNull(found).getField("c" + column));
    String expected = type.expected(row);
    if (type.isGenerated()) {
      expected = String.valueOf((Integer) found.getField("id") + 1);
    }
    if (!text.equals(expected)) {
      problems.add("%s %s, %s: %s".formatted(type.type(), type.literal(row), how, text));
    }
  }

  private static Map<Integer, Record> rows(Table table) throws Exception {
    Map<Integer, Record> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      for (Record row : read) {
        rows.put((Integer) row.getField("id"), row.copy());
      }
    }
    return rows;
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case java.math.BigDecimal decimal -> decimal.toPlainString();
      case ByteBuffer bytes -> {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        yield HexFormat.of().formatHex(copy);
      }
      case Variant variant -> VariantText.of(variant);
      default -> value.toString();
    };
  }
}
