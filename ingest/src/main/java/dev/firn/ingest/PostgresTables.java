package dev.firn.ingest;

import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.PostgresTaskContext;
import io.debezium.connector.postgresql.PostgresValueConverter;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.PostgresDefaultValueConverter;
import io.debezium.converters.custom.CustomConverterServiceProvider;
import io.debezium.relational.Column;
import io.debezium.relational.CustomConverterRegistry;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.TableSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;

/**
 * Reads the captured tables' schemas from the source, by the code that also makes those of the
 * events: so tables without rows exist in the lake, and their events fit them.
 */
final class PostgresTables {
  private static final String TYPES =
      """
      WITH RECURSIVE type AS (
        SELECT a.attname, t.oid, t.typtype, t.typbasetype
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped
         UNION ALL
        SELECT type.attname, b.oid, b.typtype, b.typbasetype
          FROM type JOIN pg_type b ON b.oid = type.typbasetype)
      SELECT attname, oid::bigint FROM type WHERE typtype <> 'd'
      """;

  private static final String KEY_CHECKED_LATER =
      "SELECT FROM pg_constraint"
          + " WHERE conrelid = to_regclass(?) AND contype = 'p' AND condeferrable";

  private final PostgresSource source;

  PostgresTables(PostgresSource source) {
    this.source = source;
  }

  /**
   * The captured tables, ordered by name.
   *
   * @throws SettingsException a column's type cannot be stored exactly
   */
  List<CapturedTable> read() throws SQLException {
    try {
      return each((connection, captured, id) -> captured(connection, captured, id));
    } catch (SettingsException e) {
      // Types are asked for on another connection, and one may have come or gone meanwhile.
      return each((connection, captured, id) -> captured(connection, captured, id));
    }
  }

  /** The names of the captured tables, ordered, whatever their columns are. */
  List<SourceTable> names() throws SQLException {
    return each((connection, captured, id) -> name(id));
  }

  private interface Content<T> {
    T of(PostgresConnection connection, Captured captured, TableId id) throws SQLException;
  }

  private <T> List<T> each(Content<T> content) throws SQLException {
    try (PostgresConnection connection = connect()) {
      return inOneSnapshot(connection, () -> each(connection, content));
    }
  }

  private <T> List<T> each(PostgresConnection connection, Content<T> content) throws SQLException {
    Captured captured = schemas(connection);
    SourcePartitions partitions = SourcePartitions.read(connection.connection());
    partitions.requireAll(source);
    List<TableId> ids =
        captured.tableIds().stream()
            .filter(id -> !source.signals().equals(Optional.of(name(id))))
            .filter(id -> !partitions.isPartitioned(name(id)))
            .sorted(Comparator.comparing(id -> name(id).toString()))
            .toList();
    List<T> contents = new ArrayList<>();
    for (TableId id : ids) {
      contents.add(content.of(connection, captured, id));
    }
    return contents;
  }

  private interface Asking<T> {
    T ask() throws SQLException;
  }

  /**
   * Asks the source's catalog as it is at one instant: a table that is altered between two
   * questions would seem to have types that nobody knows.
   *
   * @param connection one that commits each statement by itself
   */
  private static <T> T inOneSnapshot(PostgresConnection connection, Asking<T> asking)
      throws SQLException {
    Connection jdbc = connection.connection();
    int isolation = jdbc.getTransactionIsolation();
    jdbc.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    jdbc.setAutoCommit(false);
    T told;
    try {
      told = asking.ask();
    } catch (SQLException | RuntimeException e) {
      try {
        end(jdbc, isolation);
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
    end(jdbc, isolation);
    return told;
  }

  private static void end(Connection jdbc, int isolation) throws SQLException {
    jdbc.rollback();
    jdbc.setAutoCommit(true);
    jdbc.setTransactionIsolation(isolation);
  }

  /**
   * One captured table as it is now, with what makes rows of its values; empty when it is not there
   * or not captured.
   *
   * @param connection one of {@link #connect}, which must stay open while values are converted
   * @throws SettingsException a column's type cannot be stored exactly
   */
  Optional<ReadableTable> find(PostgresConnection connection, SourceTable table)
      throws SQLException {
    try {
      return inOneSnapshot(connection, () -> findNow(connection, table));
    } catch (SettingsException e) {
      // As above: it must not be left out for that.
      return inOneSnapshot(connection, () -> findNow(connection, table));
    }
  }

  private Optional<ReadableTable> findNow(PostgresConnection connection, SourceTable table)
      throws SQLException {
    Captured captured = schemas(connection);
    SourcePartitions partitions = SourcePartitions.read(connection.connection());
    for (TableId id : captured.tableIds()) {
      if (name(id).equals(table) && !partitions.isPartitioned(table)) {
        return Optional.of(
            new ReadableTable(
                captured(connection, captured, id), captured.tableFor(id), captured.schemaFor(id)));
      }
    }
    return Optional.empty();
  }

  private static SourceTable name(TableId id) {
    return new SourceTable(id.schema(), id.table());
  }

  /** A connection that converts values as that of the stream does; the caller closes it. */
  PostgresConnection connect() {
    PostgresConnectorConfig config = source.connector();
    return new PostgresConnection(
        config.getJdbcConfig(),
        types -> PostgresValueConverter.of(config, charset(), types),
        "Firn");
  }

  private Captured schemas(PostgresConnection connection) throws SQLException {
    Captured captured =
        new Captured(
            source,
            connection.getDefaultValueConverter(),
            PostgresValueConverter.of(
                source.connector(), connection.getDatabaseCharset(), connection.getTypeRegistry()));
    captured.readAll(connection);
    return captured;
  }

  private java.nio.charset.Charset charset() {
    try (PostgresConnection connection = source.connect()) {
      return connection.getDatabaseCharset();
    }
  }

  private CapturedTable captured(PostgresConnection connection, Captured captured, TableId id)
      throws SQLException {
    Table table = captured.tableFor(id);
    TableSchema schema = captured.schemaFor(id);
    SourceTable name = name(id);
    Map<String, Integer> types = types(connection, name);
    Schema row = schema.valueSchema();
    Schema key = schema.keySchema();
    List<String> keyColumns =
        key == null ? List.of() : key.fields().stream().map(Field::name).toList();
    requireKeyAtAllTimes(connection, name);
    Set<String> unsent = new HashSet<>();
    for (Column column : table.columns()) {
      if (!isIncluded(id, column)
          || source.rules().of(name, column.name()) instanceof ColumnRule.Drop) {
        // Whatever it is, nothing of it is used.
        continue;
      }
      Field field = row.field(column.name());
      if (column.isGenerated()) {
        unsent.add(column.name());
      } else if (field != null
          && types.getOrDefault(column.name(), column.nativeType()) != column.nativeType()) {
        throw new SettingsException(
            "column %1$s of table %2$s has a type (%3$s) whose name other types in the database have as well, and Debezium takes one of those for it; rename a type, or leave the column out with debezium.source.column.exclude.list=%2$s.%1$s, or the table with debezium.source.table.exclude.list=%2$s"
                .formatted(column.name(), name, column.typeName()));
      } else if (field == null || !isStored(field.schema(), column)) {
        // Without a field: one that Debezium could not convert.
        throw unsupported(name, column);
      } else if (keyColumns.contains(column.name()) && isNested(field.schema())) {
        throw new SettingsException(
            "column %1$s of table %2$s has type %3$s, of more than one value, and is part of the key; in the lake only single values tell rows apart; keep the column as text with %4$s, or leave the table out with debezium.source.table.exclude.list=%2$s"
                .formatted(
                    column.name(),
                    name,
                    column.typeName(),
                    ColumnForms.asText(name, column.name())));
      }
    }
    CapturedTable taken = new CapturedTable(name, row, keyColumns, unsent, source.rules());
    taken.requireRules(source.placeholder());
    return taken;
  }

  /** Else two rows may have the same key for a moment, and a change by key means either of them. */
  private static void requireKeyAtAllTimes(PostgresConnection connection, SourceTable table)
      throws SQLException {
    try (PreparedStatement query = connection.connection().prepareStatement(KEY_CHECKED_LATER)) {
      query.setString(1, table.quoted());
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          throw new SettingsException(
              "the primary key of table %1$s is DEFERRABLE: rows may have the same key for a moment, and events do not tell them apart; make it a key that is not, or leave the table out with debezium.source.table.exclude.list=%1$s"
                  .formatted(table));
        }
      }
    }
  }

  /** The types of a table's columns by their OIDs; of a domain that of its innermost base type. */
  private static Map<String, Integer> types(PostgresConnection connection, SourceTable table)
      throws SQLException {
    Map<String, Integer> types = new HashMap<>();
    try (PreparedStatement query = connection.connection().prepareStatement(TYPES)) {
      query.setString(1, table.quoted());
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          types.put(rows.getString(1), (int) rows.getLong(2));
        }
      }
    }
    return types;
  }

  /** By Debezium's own lists of columns. */
  private boolean isIncluded(TableId table, Column column) {
    return source
        .connector()
        .getColumnFilter()
        .matches(table.catalog(), table.schema(), table.table(), column.name());
  }

  private boolean isStored(Schema schema, Column column) {
    try {
      ColumnType.of(schema, source.placeholder());
      return !isOpaque(schema, column);
    } catch (ColumnType.UnsupportedTypeException e) {
      return false;
    }
  }

  private boolean isNested(Schema schema) {
    return ColumnType.of(schema, source.placeholder()).type().isNestedType();
  }

  /** Whether Debezium only passes the bytes on, not knowing the type. */
  private static boolean isOpaque(Schema schema, Column column) {
    return schema.type() == Schema.Type.BYTES
        && schema.name() == null
        && column.nativeType() != PgOid.BYTEA;
  }

  private static SettingsException unsupported(SourceTable table, Column column) {
    return new SettingsException(
        CapturedTable.unsupported(table, column.name(), column.typeName()));
  }

  /** Opens the constructors and the refresh, which Debezium keeps to its own package. */
  private static final class Captured extends PostgresSchema {
    @SuppressWarnings("unchecked") // The naming strategy comes without its type.
    Captured(
        PostgresSource source,
        PostgresDefaultValueConverter defaults,
        PostgresValueConverter converter) {
      super(
          new Context(source.configuration(), source.connector()),
          defaults,
          source.connector().getTopicNamingStrategy(CommonConnectorConfig.TOPIC_NAMING_STRATEGY),
          converter,
          customConverters(source));
    }

    void readAll(PostgresConnection connection) throws SQLException {
      refresh(connection, false);
    }

    private static CustomConverterRegistry customConverters(PostgresSource source) {
      return Objects.requireNonNull(
          new CustomConverterServiceProvider()
              .createService(
                  PostgresValues.reaching(source.configuration()),
                  source.connector().getServiceRegistry()));
    }
  }

  private static final class Context extends PostgresTaskContext {
    Context(Configuration configuration, PostgresConnectorConfig connector) {
      super(configuration, connector);
    }
  }
}
