package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.BinlogLog;
import dev.firn.writer.Position;
import io.debezium.connector.mariadb.jdbc.MariaDbConnection;
import io.debezium.util.ColumnUtils;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Reads tables of a MariaDB in a consistent snapshot, whose place in the log the server tells. */
final class MariaDbScan implements TableScan {
  private static final int FETCH_ROWS = 2_000;

  private final MariaDbTables tables;
  private final MariaDbConnection reading;

  /** Those that are there. */
  private final Map<SourceTable, MariaDbTables.Scannable> readable = new LinkedHashMap<>();

  private @Nullable MariaDbView view;

  /** Connects, and looks at the tables. */
  MariaDbScan(MariaDbSource source, List<SourceTable> names) throws SQLException {
    this.tables = MariaDbTables.open(source);
    this.reading = source.connect();
    try {
      for (SourceTable name : names) {
        tables.find(name).ifPresent(found -> readable.put(name, found));
      }
    } catch (SQLException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public Optional<CapturedTable> table(SourceTable name) {
    return Optional.ofNullable(readable.get(name)).map(MariaDbTables.Scannable::captured);
  }

  /** The log tells of all changes; what is in it may be invisible for a moment. */
  @Override
  public void prepare(Optional<SourceView> earlier, Waiting waiting)
      throws SQLException, InterruptedException {
    MariaDbView now = MariaDbView.begin(reading.connection());
    MariaDbView all = earlier.map(MariaDbView.class::cast).orElse(now);
    end();
    while (!now.seesAllOf(all)) {
      waiting.pause(now);
      now = MariaDbView.begin(reading.connection());
      end();
    }
  }

  /** Also holds the tables' definitions, as far as they are still those that were looked at. */
  @Override
  public SourceView begin() throws SQLException {
    MariaDbView begun = MariaDbView.begin(reading.connection());
    view = begun;
    for (Map.Entry<SourceTable, MariaDbTables.Scannable> each : readable.entrySet()) {
      String now = MariaDbTables.definition(reading.connection(), each.getKey());
      if (!each.getValue().definition().equals(now)) {
        throw new SQLException("its definition is being changed");
      }
    }
    return begun;
  }

  @Override
  public void end() throws SQLException {
    try (Statement statement = reading.connection().createStatement()) {
      statement.execute("ROLLBACK");
    }
  }

  @Override
  public Position passing() {
    return BinlogLog.mariaDb().parse(requireNonNull(view, "view is null").gtids());
  }

  @Override
  public void rows(SourceTable name, Rows rows) throws SQLException, InterruptedException {
    MariaDbTables.Scannable read = requireNonNull(readable.get(name), "the table is not there");
    try (Statement statement = reading.connection().createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet found = statement.executeQuery(read.query())) {
        ColumnUtils.ColumnArray columns = ColumnUtils.toArray(found, read.table());
        while (found.next()) {
          Object[] values = reading.rowToArray(read.table(), found, columns);
          Struct row = read.schema().valueFromColumnData(values);
          rows.add(requireNonNull(row, "row is null"));
        }
      }
    }
  }

  @Override
  public void close() {
    tables.close();
    MariaDbTables.close(reading);
  }
}
