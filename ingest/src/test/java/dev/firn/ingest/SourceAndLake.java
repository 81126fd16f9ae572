package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/** A schema {@code s} of a server, and the lake in a folder that its tables go to. */
final class SourceAndLake implements AutoCloseable {
  private final PostgresServer server;
  private final Path folder;
  private final Connection connection;
  private final Statement sql;

  /** Those of the pipeline. */
  final Map<String, String> settings;

  /**
   * @param slot a name of its own
   */
  SourceAndLake(PostgresServer server, Path folder, String slot) throws SQLException {
    this.server = server;
    this.folder = folder;
    this.connection = server.connect("postgres");
    this.sql = connection.createStatement();
    this.settings = Engine.settings(server, "postgres", folder);
    settings.put("debezium.source.schema.include.list", "s");
    settings.put("debezium.source.slot.name", slot);
    settings.put("debezium.source.publication.name", slot);
    sql.execute("CREATE SCHEMA s");
  }

  void execute(String statement) throws SQLException {
    sql.execute(statement);
  }

  /** The rows of a query, as text. */
  List<List<String>> query(String query) {
    try (ResultSet found = sql.executeQuery(query)) {
      List<List<String>> rows = new ArrayList<>();
      while (found.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          row.add(String.valueOf(found.getString(i)));
        }
        rows.add(row);
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sets a key of the sink. */
  void set(String key, String value) {
    settings.put(SinkSettings.PREFIX + key, value);
  }

  Engine start() {
    return Engine.start(settings);
  }

  void awaitCaughtUp(Engine engine) throws SQLException, InterruptedException {
    engine.awaitCaughtUp(connection);
  }

  void requireEqual(String table, String... key) throws SQLException {
    try (Connection reading = server.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s", table);
      RowComparison.Result result =
          RowComparison.compare(source, LakeRows.of(table(table), source.columns()), List.of(key));
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows());
    }
  }

  /** The values of columns, as text, in no particular order. */
  List<List<String>> rows(String table, String... columns) {
    List<List<String>> rows = new ArrayList<>();
    LakeRows.of(table(table), List.of(columns))
        .forEach(row -> rows.add(Stream.of(row).map(String::valueOf).toList()));
    return rows;
  }

  Table table(String name) {
    return catalog().loadTable(TableIdentifier.of("s", name));
  }

  /** What the values of a column are that are in the quarantine. */
  List<String> setAside(String column) {
    List<String> reasons = new ArrayList<>();
    LakeRows.of(
            catalog().loadTable(TableIdentifier.of("firn", "firn_quarantine")),
            List.of("column_name", "reason"))
        .forEach(row -> {
          if (column.equals(row[0])) {
            reasons.add(String.valueOf(row[1]).replaceFirst(".*holds (.*), which.*", "$1"));
          }
        });
    return reasons;
  }

  /** Whether the lake has a table of the name. */
  boolean has(String table) {
    return catalog().tableExists(TableIdentifier.of("s", table));
  }

  private Catalog catalog() {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder));
  }

  @Override
  public void close() throws SQLException {
    sql.execute("DROP SCHEMA s CASCADE");
    connection.close();
  }
}
