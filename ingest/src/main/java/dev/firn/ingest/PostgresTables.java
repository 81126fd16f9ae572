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
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;

/**
 * Reads the captured tables' schemas from the source, by the code that also makes those of the
 * events: so tables without rows exist in the lake, and their events fit them.
 */
final class PostgresTables {
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
    return each(captured -> id -> captured(captured.tableFor(id), captured.schemaFor(id)));
  }

  /** The names of the captured tables, ordered, whatever their columns are. */
  List<SourceTable> names() throws SQLException {
    return each(captured -> PostgresTables::name);
  }

  private <T> List<T> each(Function<Captured, Function<TableId, T>> content) throws SQLException {
    try (PostgresConnection connection = connect()) {
      Captured captured = schemas(connection);
      return captured.tableIds().stream()
          .filter(id -> !source.signals().equals(Optional.of(name(id))))
          .sorted(Comparator.comparing(id -> name(id).toString()))
          .map(content.apply(captured))
          .toList();
    }
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
    Captured captured = schemas(connection);
    for (TableId id : captured.tableIds()) {
      if (name(id).equals(table)) {
        TableSchema schema = captured.schemaFor(id);
        return Optional.of(
            new ReadableTable(
                captured(captured.tableFor(id), schema), captured.tableFor(id), schema));
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

  private CapturedTable captured(Table table, TableSchema schema) {
    SourceTable name = name(table.id());
    Schema row = schema.valueSchema();
    Schema key = schema.keySchema();
    List<String> keyColumns =
        key == null ? List.of() : key.fields().stream().map(Field::name).toList();
    Set<String> unsent = new HashSet<>();
    for (Column column : table.columns()) {
      Field field = row.field(column.name());
      if (column.isGenerated()) {
        unsent.add(column.name());
      } else if (field == null || !isStored(field.schema(), column)) {
        // Without a field: column filters leave it out of the table as well, so that this is one
        // which Debezium could not convert.
        throw unsupported(name, column);
      } else if (keyColumns.contains(column.name()) && isNested(field.schema())) {
        throw new SettingsException(
            "column %1$s of table %2$s has type %3$s, of more than one value, and is part of the key; in the lake only single values tell rows apart; keep the column as text with %4$s%5$s=%2$s.%1$s, or leave the table out with debezium.source.table.exclude.list=%2$s"
                .formatted(
                    column.name(),
                    name,
                    column.typeName(),
                    SinkSettings.PREFIX,
                    PostgresValues.AS_TEXT));
      }
    }
    return new CapturedTable(name, row, keyColumns, unsent);
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
