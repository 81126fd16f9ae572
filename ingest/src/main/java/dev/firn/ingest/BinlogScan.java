package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Position;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.util.ColumnUtils;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Reads tables of a server in a consistent snapshot, whose place in the log is known. */
final class BinlogScan implements TableScan {
  private final BinlogSource source;
  private final BinlogTables tables;
  private final BinlogConnectorConnection reading;

  /** Those that are there. */
  private final Map<SourceTable, BinlogTables.Scannable> readable = new LinkedHashMap<>();

  private @Nullable BinlogView view;

  /** Connects, and looks at the tables. */
  BinlogScan(BinlogSource source, List<SourceTable> names) throws SQLException {
    this.source = source;
    this.tables = BinlogTables.open(source);
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
    return Optional.ofNullable(readable.get(name)).map(BinlogTables.Scannable::captured);
  }

  /** The log tells of all changes; what is in it may be invisible for a moment. */
  @Override
  public void prepare(Optional<SourceView> earlier, Waiting waiting)
      throws SQLException, InterruptedException {
    BinlogView now = view(List.of());
    BinlogView all = earlier.map(BinlogView.class::cast).orElse(now);
    end();
    while (!now.seesAllOf(all)) {
      waiting.pause(now);
      now = view(List.of());
      end();
    }
  }

  private BinlogView view(Collection<SourceTable> held) throws SQLException {
    return source.dialect().view(source, reading.connection(), held);
  }

  /** Also holds the tables' definitions, as far as they are still those that were looked at. */
  @Override
  public SourceView begin() throws SQLException {
    BinlogView begun = view(readable.keySet());
    view = begun;
    for (Map.Entry<SourceTable, BinlogTables.Scannable> each : readable.entrySet()) {
      String now = BinlogTables.definition(reading.connection(), each.getKey());
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
    return source.log().parse(requireNonNull(view, "view is null").gtids());
  }

  @Override
  public void rows(SourceTable name, Rows rows) throws SQLException, InterruptedException {
    BinlogTables.Scannable read = requireNonNull(readable.get(name), "the table is not there");
    try (Statement statement = reading.connection().createStatement()) {
      statement.setFetchSize(source.dialect().fetchRows());
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
    BinlogTables.close(reading);
  }
}
