package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.config.CommonConnectorConfig;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.charset.BinlogCharsetRegistry;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.converters.custom.CustomConverterServiceProvider;
import io.debezium.relational.Column;
import io.debezium.relational.CustomConverterRegistry;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.TableSchema;
import io.debezium.spi.topic.TopicNamingStrategy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the captured tables' schemas from the source, by the code that also makes those of the
 * events: so tables without rows exist in the lake, and their events fit them.
 */
final class BinlogTables implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BinlogTables.class);

  /** What keeps all versions of a row that a transaction may need. */
  private static final Set<String> TRANSACTIONAL = Set.of("InnoDB", "ROCKSDB");

  /**
   * A table that can be read by queries.
   *
   * @param definition the statement that makes it
   * @param schema makes structs of its values, the same as those of the stream
   */
  record Scannable(CapturedTable captured, String definition, Table table, TableSchema schema) {
    /** The query for all of its rows. */
    String query() {
      return "SELECT %s FROM %s"
          .formatted(
              table.columns().stream()
                  .map(BinlogSnapshotQuery::selected)
                  .collect(Collectors.joining(", ")),
              quoted(captured.source()));
    }
  }

  private static final String CASCADES =
      "SELECT constraint_name, delete_rule, update_rule"
          + " FROM information_schema.referential_constraints"
          + " WHERE constraint_schema = ? AND table_name = ?"
          + " AND (delete_rule NOT IN ('RESTRICT', 'NO ACTION')"
          + " OR update_rule NOT IN ('RESTRICT', 'NO ACTION'))";

  private final BinlogSource source;
  private final BinlogConnectorConnection connection;
  private final BinlogDialect.Definitions definitions;

  private BinlogTables(BinlogSource source, BinlogConnectorConnection connection) {
    this.source = source;
    this.connection = connection;
    BinlogDialect<?, ?> dialect = source.dialect();
    this.definitions = dialect.definitions(source, connection, dialect.context(source));
  }

  static BinlogTables open(BinlogSource source) throws SQLException {
    BinlogConnectorConnection connection = source.connect();
    try {
      connection.connect();
      return new BinlogTables(source, connection);
    } catch (SQLException | RuntimeException e) {
      close(connection);
      throw e;
    }
  }

  @SuppressWarnings("unchecked") // The naming strategy comes without its type.
  static TopicNamingStrategy<TableId> topics(BinlogConnectorConfig config) {
    return config.getTopicNamingStrategy(CommonConnectorConfig.TOPIC_NAMING_STRATEGY);
  }

  static CustomConverterRegistry customConverters(BinlogSource source) {
    return requireNonNull(
        new CustomConverterServiceProvider()
            .createService(source.configuration(), source.connector().getServiceRegistry()));
  }

  /**
   * The captured tables, ordered by name.
   *
   * @throws SettingsException a column's type cannot be stored exactly, or a table not be read so
   */
  List<CapturedTable> all() throws SQLException {
    List<CapturedTable> tables = new ArrayList<>();
    for (SourceTable name : names()) {
      find(name).map(Scannable::captured).ifPresent(tables::add);
    }
    return tables;
  }

  /** The names of the captured tables, ordered, whatever their columns are. */
  List<SourceTable> names() throws SQLException {
    List<SourceTable> names = new ArrayList<>();
    try (Statement statement = connection.connection().createStatement();
        ResultSet rows = statement.executeQuery(BinlogLook.TABLES)) {
      while (rows.next()) {
        SourceTable name = new SourceTable(rows.getString(1), rows.getString(2));
        if (source.captures(name)) {
          names.add(name);
        }
      }
    }
    names.sort(Comparator.comparing(SourceTable::toString));
    return names;
  }

  /**
   * A captured table as it is now; empty when it is not there or not captured.
   *
   * @throws SettingsException a column's type cannot be stored exactly, or the table not be read so
   */
  Optional<Scannable> find(SourceTable name) throws SQLException {
    Optional<String> engine = source.captures(name) ? engine(name) : Optional.empty();
    if (engine.isEmpty()) {
      return Optional.empty();
    }
    if (!TRANSACTIONAL.contains(engine.orElseThrow())) {
      throw new SettingsException(
          "table %1$s is kept by the engine %2$s, which has no transactions: what was read of it could not be told from what changed meanwhile; run ALTER TABLE %1$s ENGINE=InnoDB, or leave the table out with debezium.source.table.exclude.list=%1$s"
              .formatted(name, engine.orElseThrow()));
    }
    requireLoggedChanges(name);
    String definition = definition(connection.connection(), name);
    definitions.define(name, definition);
    Table table =
        requireNonNull(definitions.schema().tableFor(BinlogSource.id(name)), "table is null");
    TableSchema schema =
        requireNonNull(definitions.schema().schemaFor(BinlogSource.id(name)), "schema is null");
    return Optional.of(new Scannable(captured(name, table, schema), definition, table, schema));
  }

  /** What a foreign key changes in a table by itself is not in the log. */
  private void requireLoggedChanges(SourceTable name) throws SQLException {
    try (var query = connection.connection().prepareStatement(CASCADES)) {
      query.setString(1, name.schema());
      query.setString(2, name.name());
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          throw new SettingsException(
              "table %1$s has the foreign key %2$s (ON DELETE %3$s ON UPDATE %4$s): %5$s does not write into its log what it changes by it, so that the lake would keep rows that are gone; make it RESTRICT or NO ACTION, or leave the table out with debezium.source.table.exclude.list=%1$s"
                  .formatted(
                      name,
                      row.getString(1),
                      row.getString(2),
                      row.getString(3),
                      source.dialect().name()));
        }
      }
    }
  }

  private Optional<String> engine(SourceTable name) throws SQLException {
    try (var query =
        connection
            .connection()
            .prepareStatement(
                "SELECT engine FROM information_schema.tables"
                    + " WHERE table_type = 'BASE TABLE' AND table_schema = ? AND table_name = ?")) {
      query.setString(1, name.schema());
      query.setString(2, name.name());
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? Optional.ofNullable(row.getString(1)) : Optional.empty();
      }
    }
  }

  private CapturedTable captured(SourceTable name, Table table, TableSchema schema) {
    Schema row = schema.valueSchema();
    Schema key = schema.keySchema();
    List<String> keyColumns =
        key == null ? List.of() : key.fields().stream().map(Field::name).toList();
    for (Column column : table.columns()) {
      if (!isWanted(name, column)) {
        // Whatever it is, nothing of it is used.
        continue;
      }
      Field field = row.field(column.name());
      if (field == null || !isStored(field.schema())) {
        throw new SettingsException(
            CapturedTable.unsupported(name, column.name(), column.typeExpression()));
      }
      requireKnownCharset(name, column);
    }
    CapturedTable taken = new CapturedTable(name, row, keyColumns, Set.of(), source.rules());
    taken.requireRules(source.placeholder());
    return taken;
  }

  /** By Debezium's own lists of columns, and by what is dropped. */
  private boolean isWanted(SourceTable table, Column column) {
    return source
            .connector()
            .getColumnFilter()
            .matches(table.schema(), null, table.name(), column.name())
        && !(source.rules().of(table, column.name()) instanceof ColumnRule.Drop);
  }

  private boolean isStored(Schema schema) {
    try {
      ColumnType unused = ColumnType.of(schema, source.placeholder());
      return true;
    } catch (ColumnType.UnsupportedTypeException e) {
      return false;
    }
  }

  /** Debezium would read the bytes of one that it does not know as UTF-8. */
  private void requireKnownCharset(SourceTable name, Column column) {
    @Nullable String charset = column.charsetName();
    if (charset != null
        && registry(source.connector()).getJavaEncodingForCharSet(charset) == null) {
      throw new SettingsException(
          CapturedTable.unsupported(
              name, column.name(), "%s CHARACTER SET %s".formatted(column.typeName(), charset)));
    }
  }

  static BinlogCharsetRegistry registry(BinlogConnectorConfig config) {
    return requireNonNull(
        config.getServiceRegistry().getService(BinlogCharsetRegistry.class), "registry is null");
  }

  /** The statement that makes a table, as the connection sees it now. */
  static String definition(Connection connection, SourceTable name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW CREATE TABLE " + quoted(name))) {
      row.next();
      // It is counted on, row by row.
      return row.getString(2).replaceFirst(" AUTO_INCREMENT=\\d+", "");
    }
  }

  /** As the server has to be told of it, whatever its SQL mode is. */
  static String quoted(SourceTable name) {
    return quoted(name.schema()) + "." + quoted(name.name());
  }

  static String quoted(String identifier) {
    return '`' + identifier.replace("`", "``") + '`';
  }

  static void close(BinlogConnectorConnection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("a connection could not be closed", e);
    }
  }

  @Override
  public void close() {
    close(connection);
  }
}
