package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.Position;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.util.ColumnUtils;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Struct;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads tables of a PostgreSQL in a repeatable-read transaction. */
final class PostgresScan implements TableScan {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresScan.class);
  private static final int FETCH_ROWS = 2_000;
  private static final long LONG_WAIT_NANOS = Duration.ofSeconds(5).toNanos();

  private final PostgresSource source;
  private final PostgresConnection beside;
  private final PostgresConnection reading;

  /** Those that are there. */
  private final Map<SourceTable, ReadableTable> readable = new LinkedHashMap<>();

  /** Connects, and looks at the tables. */
  PostgresScan(PostgresSource source, List<SourceTable> names) throws SQLException {
    PostgresTables tables = new PostgresTables(source);
    this.source = source;
    this.beside = tables.connect();
    this.reading = source.connect();
    try {
      beside.setAutoCommit(true);
      for (SourceTable name : names) {
        tables.find(beside, name).ifPresent(found -> readable.put(name, found));
      }
    } catch (SQLException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public Optional<CapturedTable> table(SourceTable name) {
    return Optional.ofNullable(readable.get(name)).map(ReadableTable::captured);
  }

  /**
   * Transactions older than the table's publication may have changes that are not in the log; those
   * that an earlier process was told of may be invisible still.
   */
  @Override
  public void prepare(Optional<SourceView> told, Waiting waiting)
      throws SQLException, InterruptedException {
    boolean added = publish();
    long first =
        added || told.isEmpty()
            ? SourceSnapshot.take(beside.connection()).xmax()
            : ((SourceSnapshot) told.orElseThrow()).xmax();
    long begun = System.nanoTime();
    boolean said = false;
    for (SourceSnapshot now = SourceSnapshot.take(beside.connection());
        now.xmin() < first;
        now = SourceSnapshot.take(beside.connection())) {
      waiting.pause(now);
      if (!said && System.nanoTime() - begun >= LONG_WAIT_NANOS) {
        said = true;
        LOG.info(
            "{} is read when the transactions before {} have ended: their changes may not be told of again",
            names(),
            first);
      }
    }
  }

  private boolean publish() throws SQLException {
    boolean added = false;
    for (SourceTable name : readable.keySet()) {
      added |= new Publication(source).add(beside.connection(), name);
    }
    return added;
  }

  private String names() {
    return readable.keySet().stream().map(SourceTable::toString).collect(Collectors.joining(", "));
  }

  /** Locks the tables against changes of their columns and takes the snapshot. */
  @Override
  public SourceView begin() throws SQLException {
    Connection connection = reading.connection();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      for (SourceTable name : readable.keySet()) {
        statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(name.quoted()));
      }
    }
    return SourceSnapshot.take(connection);
  }

  @Override
  public void end() throws SQLException {
    reading.connection().rollback();
  }

  /** Puts a transaction into the log behind all that the snapshot sees. */
  @Override
  public Position passing() throws SQLException {
    try (Statement statement = beside.connection().createStatement();
        ResultSet row =
            statement.executeQuery("SELECT pg_logical_emit_message(true, 'firn', '')::text")) {
      row.next();
      return LsnPosition.parse(row.getString(1));
    }
  }

  @Override
  public void rows(SourceTable name, Rows rows) throws SQLException, InterruptedException {
    ReadableTable read = requireNonNull(readable.get(name), "the table is not there");
    try (Statement statement = reading.connection().createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet found = statement.executeQuery(read.query())) {
        ColumnUtils.ColumnArray columns = ColumnUtils.toArray(found, read.table());
        while (found.next()) {
          Object[] values = beside.rowToArray(read.table(), found, columns);
          Struct row = read.schema().valueFromColumnData(values);
          rows.add(requireNonNull(row, "row is null"));
        }
      }
    }
  }

  @Override
  public void close() {
    beside.close();
    reading.close();
  }
}
