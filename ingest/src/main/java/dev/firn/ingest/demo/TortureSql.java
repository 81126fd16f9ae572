package dev.firn.ingest.demo;

import dev.firn.testing.MariaDbServer;
import dev.firn.testing.MariaDbTypes;
import dev.firn.testing.PostgresTypes;
import dev.firn.testing.SourceType;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.postgresql.PGConnection;

/** What the torture says to its database where PostgreSQL and MariaDB want it otherwise. */
enum TortureSql {
  POSTGRES("COPY") {
    // By application name; a slot's connection bears another one for a moment.
    @Override
    String disconnect() {
      return "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
          + " WHERE application_name LIKE 'Firn%' OR application_name LIKE 'Debezium%'"
          + " OR pid IN (SELECT active_pid FROM pg_replication_slots)";
    }

    @Override
    List<String> session() {
      return List.of();
    }

    @Override
    boolean commitsDefinitions() {
      return false;
    }

    @Override
    List<String> wholeRows(String table) {
      return List.of("ALTER TABLE %s REPLICA IDENTITY FULL".formatted(table));
    }

    @Override
    List<String> outOfLine(String table, String column) {
      return List.of("ALTER TABLE %s ALTER %s SET STORAGE EXTERNAL".formatted(table, column));
    }

    @Override
    String numbers(int first, int last) {
      return "generate_series(%d, %d) AS i".formatted(first, last);
    }

    @Override
    String days(String date, String number) {
      return "date '%s' + %s".formatted(date, number);
    }

    @Override
    String instant(int seconds) {
      return "timestamptz '2026-01-01 00:00+00' + %d * interval '1.000001 s'".formatted(seconds);
    }

    @Override
    String tags(int number) {
      return "ARRAY['a', NULL, 'tag %d']".formatted(number);
    }

    @Override
    String unlessThere() {
      return " ON CONFLICT (id) DO NOTHING";
    }

    @Override
    String deleteSome(String table, int rows) {
      return "DELETE FROM %1$s WHERE ctid IN (SELECT ctid FROM %1$s LIMIT %2$d)"
          .formatted(table, rows);
    }

    @Override
    long load(Connection connection, String table, List<String> columns, List<List<String>> rows)
        throws SQLException {
      String lines =
          rows.stream().map(row -> String.join("\t", row) + "\n").collect(Collectors.joining());
      String copy = "COPY %s (%s) FROM STDIN".formatted(table, String.join(", ", columns));
      try {
        return connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(copy, new StringReader(lines));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    String type(ColumnKind kind) {
      return switch (kind) {
        case SMALL -> "integer";
        case BIG -> "bigint";
        case REAL -> "real";
        case DOUBLE -> "double precision";
        case PRICE -> "numeric(8,2)";
        case AMOUNT -> "numeric(12,2)";
        case TEXT, LARGE -> "text";
        case CHOICE -> "varchar(5)";
        case CHOICES -> "varchar(7)";
        case FLAG -> "boolean";
        case DAY -> "date";
        case INSTANT -> "timestamptz";
        case DOCUMENT -> "jsonb";
        case TAGS -> "text[]";
      };
    }

    @Override
    boolean isStored(ColumnKind kind, Type column) {
      return switch (kind) {
        case FLAG -> column.equals(Types.BooleanType.get());
        case TAGS -> column.isListType();
        default -> column.equals(kind.lake());
      };
    }

    @Override
    String defaultValue(ColumnKind kind, String value) {
      return " DEFAULT " + value;
    }

    @Override
    String required(String table, AlteredTable.Column column) {
      return "ALTER TABLE %s ALTER %s SET NOT NULL".formatted(table, column.name());
    }

    @Override
    String optional(String table, AlteredTable.Column column) {
      return "ALTER TABLE %s ALTER %s DROP NOT NULL".formatted(table, column.name());
    }

    @Override
    List<String> become(String table, AlteredTable.Column column, ColumnKind kind) {
      String type = type(kind);
      String value =
          kind == ColumnKind.SMALL
              ? "length(%s)".formatted(column.name())
              : "%s::%s".formatted(column.name(), type);
      return List.of(
          "ALTER TABLE %s ALTER %s DROP DEFAULT".formatted(table, column.name()),
          "ALTER TABLE %1$s ALTER %2$s TYPE %3$s USING %4$s"
              .formatted(table, column.name(), type, value));
    }

    @Override
    String rename(String table, String name) {
      return "ALTER TABLE %s RENAME TO %s".formatted(table, name);
    }

    @Override
    List<String> typesMade() {
      return PostgresTypes.MADE;
    }

    @Override
    List<? extends SourceType> types() {
      return PostgresTypes.TYPES;
    }

    @Override
    String written(String column) {
      return column + "::text";
    }

    @Override
    String written(Statement statement, SourceType type, int value) throws SQLException {
      return text(statement, "SELECT (%s::%s)::text".formatted(type.literal(value), type.type()));
    }
  },

  MARIADB("INSERT") {
    @Override
    String disconnect() {
      return "KILL USER '%s'".formatted(MariaDbServer.READER);
    }

    // Zero dates are among the values of its types, and numbers that it rounds.
    @Override
    List<String> session() {
      return List.of("SET sql_mode = ''");
    }

    @Override
    boolean commitsDefinitions() {
      return true;
    }

    @Override
    List<String> wholeRows(String table) {
      return List.of();
    }

    @Override
    List<String> outOfLine(String table, String column) {
      return List.of();
    }

    @Override
    String numbers(int first, int last) {
      return "(SELECT seq AS i FROM %s.seq_%d_to_%d) AS numbers"
          .formatted(Shop.SCHEMA, first, last);
    }

    @Override
    String days(String date, String number) {
      return "date '%s' + INTERVAL (%s) DAY".formatted(date, number);
    }

    @Override
    String instant(int seconds) {
      return "timestamp '2026-01-01 00:00:00' + INTERVAL %d * 1000001 MICROSECOND"
          .formatted(seconds);
    }

    @Override
    String tags(int number) {
      return "'a,tag %d'".formatted(number % 3);
    }

    @Override
    String unlessThere() {
      return " ON DUPLICATE KEY UPDATE id = id";
    }

    @Override
    String deleteSome(String table, int rows) {
      return "DELETE FROM %s LIMIT %d".formatted(table, rows);
    }

    @Override
    long load(Connection connection, String table, List<String> columns, List<List<String>> rows)
        throws SQLException {
      String values =
          rows.stream()
              .map(row -> row.stream().collect(Collectors.joining("', '", "('", "')")))
              .collect(Collectors.joining(", "));
      try (Statement statement = connection.createStatement()) {
        return statement.executeUpdate(
            "INSERT INTO %s (%s) VALUES %s".formatted(table, String.join(", ", columns), values));
      }
    }

    @Override
    String type(ColumnKind kind) {
      return switch (kind) {
        case SMALL -> "integer";
        case BIG -> "bigint";
        case REAL -> "float";
        case DOUBLE -> "double";
        case PRICE -> "decimal(8,2)";
        case AMOUNT -> "decimal(12,2)";
        case TEXT -> "text";
        case LARGE -> "longtext";
        case CHOICE -> "enum('one', 'two')";
        case CHOICES -> "enum('one', 'two', 'so, too')";
        case FLAG -> "boolean";
        case DAY -> "date";
        case INSTANT -> "timestamp(6)";
        case DOCUMENT -> "json";
        case TAGS -> "set('a', 'tag 0', 'tag 1', 'tag 2')";
      };
    }

    @Override
    boolean isStored(ColumnKind kind, Type column) {
      return switch (kind) {
        case FLAG -> column.equals(Types.IntegerType.get());
        case TAGS -> column.equals(Types.StringType.get());
        default -> column.equals(kind.lake());
      };
    }

    @Override
    String defaultValue(ColumnKind kind, String value) {
      return switch (kind) {
        case LARGE, DAY, INSTANT -> " DEFAULT (%s)".formatted(value);
        default -> " DEFAULT " + value;
      };
    }

    @Override
    String required(String table, AlteredTable.Column column) {
      return "ALTER TABLE %s MODIFY %s %s NOT NULL"
          .formatted(table, column.name(), type(column.kind()));
    }

    @Override
    String optional(String table, AlteredTable.Column column) {
      return "ALTER TABLE %s MODIFY %s %s NULL"
          .formatted(table, column.name(), type(column.kind()));
    }

    @Override
    List<String> become(String table, AlteredTable.Column column, ColumnKind kind) {
      String change =
          "ALTER TABLE %1$s CHANGE %2$s %2$s %3$s NULL".formatted(table, column.name(), type(kind));
      return kind == ColumnKind.SMALL
          ? List.of(
              "UPDATE %1$s SET %2$s = char_length(%2$s)".formatted(table, column.name()), change)
          : List.of(change);
    }

    @Override
    String rename(String table, String name) {
      return "RENAME TABLE %s TO %s.%s".formatted(table, Shop.SCHEMA, name);
    }

    @Override
    List<String> typesMade() {
      return List.of();
    }

    @Override
    List<? extends SourceType> types() {
      return MariaDbTypes.TYPES;
    }

    @Override
    String written(String column) {
      return "hex(CAST(%s AS BINARY))".formatted(column);
    }

    // It has no cast to a column's type; a temporary table is not in its log.
    @Override
    String written(Statement statement, SourceType type, int value) throws SQLException {
      String table = Shop.SCHEMA + ".meant";
      statement.execute("CREATE TEMPORARY TABLE %s (id int, c %s)".formatted(table, type.type()));
      try {
        statement.execute("INSERT INTO %s (c) VALUES (%s)".formatted(table, type.literal(value)));
        return text(statement, "SELECT %s FROM %s".formatted(written("c"), table));
      } finally {
        statement.execute("DROP TEMPORARY TABLE " + table);
      }
    }
  };

  private final String manyRows;

  TortureSql(String manyRows) {
    this.manyRows = manyRows;
  }

  static TortureSql of(Shop shop) {
    return switch (shop.sql()) {
      case POSTGRES -> POSTGRES;
      case MARIADB -> MARIADB;
    };
  }

  /** How many rows come at once. */
  String manyRows() {
    return manyRows;
  }

  /** Ends all connections of the sink, and none of the load. */
  abstract String disconnect();

  /** What a connection that changes tables of every type has to say first. */
  abstract List<String> session();

  /** Whether a statement that defines a table commits the transaction that it stands in. */
  abstract boolean commitsDefinitions();

  /** Has all values of a row without a key logged. */
  abstract List<String> wholeRows(String table);

  /** Keeps a column out of line, so that it is not sent where it does not change. */
  abstract List<String> outOfLine(String table, String column);

  /** What to select numbers {@code i} from. */
  abstract String numbers(int first, int last);

  /** A date and a number of days. */
  abstract String days(String date, String number);

  abstract String instant(int seconds);

  abstract String tags(int number);

  /** Ends an insert that does nothing where there is such an id. */
  abstract String unlessThere();

  /** Deletes so many rows, whichever. */
  abstract String deleteSome(String table, int rows);

  /**
   * Puts rows into a table, in one statement.
   *
   * @param rows values as text, in the columns' order
   * @return how many
   */
  abstract long load(
      Connection connection, String table, List<String> columns, List<List<String>> rows)
      throws SQLException;

  abstract String type(ColumnKind kind);

  /** Whether a column of the lake is what such a column becomes. */
  abstract boolean isStored(ColumnKind kind, Type column);

  /** Gives a new column a value, which may be an expression. */
  abstract String defaultValue(ColumnKind kind, String value);

  abstract String required(String table, AlteredTable.Column column);

  abstract String optional(String table, AlteredTable.Column column);

  /** Gives a column another type; a text becomes its length as a number. */
  abstract List<String> become(String table, AlteredTable.Column column, ColumnKind kind);

  abstract String rename(String table, String name);

  /** Makes those types that do not come with the database. */
  abstract List<String> typesMade();

  abstract List<? extends SourceType> types();

  /** What the source writes of a column, as text by which its values are told apart. */
  abstract String written(String column);

  /** The same of one of a type's values. */
  abstract String written(Statement statement, SourceType type, int value) throws SQLException;

  private static String text(Statement statement, String query) throws SQLException {
    try (ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }
}
