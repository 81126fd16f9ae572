package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.ReplayedRows;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A schema of a real server that is streamed, for tests that compare what comes of it. */
abstract class StreamedSchema {
  @RegisterExtension static final SharedServer SERVER = new SharedServer();

  @TempDir Path lake;
  Connection connection;
  Statement sql;
  String slot;
  Map<String, String> settings;

  @BeforeEach
  void makeSchema() throws SQLException {
    connection = SERVER.server().connect("postgres");
    sql = connection.createStatement();
    sql.execute("CREATE SCHEMA s");
    settings = Engine.settings(SERVER.server(), "postgres", lake);
    settings.put("debezium.source.schema.include.list", "s");
    slot = SERVER.another("streaming");
    settings.put("debezium.source.slot.name", slot);
    settings.put("debezium.source.publication.name", slot);
  }

  @AfterEach
  void dropSchema() throws SQLException {
    sql.execute("DROP SCHEMA s CASCADE");
    connection.close();
  }

  void requireEqual(String table, List<String> key) throws SQLException {
    RowComparison.Result result = compare(table, key);
    assertThat(result.differences()).isEmpty();
    assertThat(result.lakeRows()).isEqualTo(result.sourceRows());
  }

  /** What the baseline and the changelog lead to. */
  void requireToldEqual(String table, List<String> key) throws SQLException {
    try (Connection reading = SERVER.server().connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s", table);
      ReplayedRows told =
          ReplayedRows.of(table(table), table(table + "_changelog"), source.columns(), key);
      assertThat(RowComparison.compare(source, told, key).differences()).isEmpty();
    }
  }

  /** Whether the table has all columns of its source and is equal. */
  boolean isEqual(String table, List<String> key) {
    try {
      RowComparison.Result result = compare(table, key);
      return result.differences().isEmpty() && result.lakeRows() == result.sourceRows();
    } catch (IllegalArgumentException e) {
      return false;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  RowComparison.Result compare(String table, List<String> key) throws SQLException {
    try (Connection reading = SERVER.server().connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s", table);
      return RowComparison.compare(source, LakeRows.of(table(table), source.columns()), key);
    }
  }

  List<List<String>> rows(String table, String... columns) {
    List<List<String>> rows = new ArrayList<>();
    LakeRows.of(table(table), List.of(columns))
        .forEach(row -> rows.add(Stream.of(row).map(String::valueOf).toList()));
    return rows;
  }

  long count(String table) {
    long[] rows = new long[1];
    LakeRows.of(table(table), List.of(table(table).schema().columns().getFirst().name()))
        .forEach(row -> rows[0]++);
    return rows[0];
  }

  org.apache.iceberg.Table table(String name) {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake)).loadTable(TableIdentifier.of("s", name));
  }
}
