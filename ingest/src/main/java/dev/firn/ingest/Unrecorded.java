package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The one plain question that is asked of a source of which only its events tell: which tables have
 * changes that do not come to its log, or not as a whole. Their rows would be read once, and stay.
 */
final class Unrecorded {
  private static final String SQL_SERVER =
      """
      SELECT s.name, t.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id
       WHERE t.is_tracked_by_cdc = 0 AND t.is_ms_shipped = 0 AND s.name <> 'cdc'
      """;

  private static final String ORACLE =
      """
      SELECT t.OWNER, t.TABLE_NAME FROM ALL_TABLES t
       WHERE t.TEMPORARY = 'N'
         AND t.OWNER NOT IN (SELECT u.USERNAME FROM ALL_USERS u WHERE u.ORACLE_MAINTAINED = 'Y')
         AND NOT EXISTS (SELECT 1 FROM V$DATABASE d WHERE d.SUPPLEMENTAL_LOG_DATA_ALL = 'YES')
         AND NOT EXISTS (SELECT 1 FROM ALL_LOG_GROUPS g
                          WHERE g.OWNER = t.OWNER AND g.TABLE_NAME = t.TABLE_NAME
                            AND g.LOG_GROUP_TYPE = 'ALL COLUMN LOGGING')
      """;

  private static final int SECONDS = 15;

  /** What of the connector's settings is no property of its driver. */
  private static final Set<String> OWN =
      Set.of(
          "connection.adapter",
          "dbname",
          "hostname",
          "instance",
          "names",
          "pdb.name",
          "port",
          "query.timeout.ms",
          "url");

  private static final Pattern NAME = Pattern.compile("[\\w$#]+");

  /** Who is asked. */
  interface Asked {
    /** All of them that its user sees, whether they are captured or not. */
    List<SourceTable> unrecorded() throws SQLException;
  }

  /** Opens a connection to the source. */
  interface Connections {
    Connection open() throws SQLException;
  }

  private final SourceKind kind;
  private final Map<String, String> settings;
  private final Connections connections;

  /**
   * @param settings of the connector, without prefix
   * @param connections with the driver that the build brings
   */
  Unrecorded(SourceKind kind, Map<String, String> settings, Connections connections) {
    this.kind = requireNonNull(kind, "kind is null");
    this.settings = Map.copyOf(settings);
    this.connections = requireNonNull(connections, "connections is null");
  }

  static Unrecorded of(SourceKind kind, Map<String, String> settings) {
    return new Unrecorded(kind, settings, () -> connect(kind, settings));
  }

  /** All of them that its user sees, whether they are captured or not; none: it has no such. */
  List<SourceTable> tables() throws SQLException {
    Optional<String> question = question();
    if (question.isEmpty()) {
      return List.of();
    }
    try (Connection connection = connections.open();
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(SECONDS);
      enter(statement);
      // The connector's own one, which it writes to and does not follow.
      String own = settings.getOrDefault("log.mining.flush.table.name", "LOG_MINING_FLUSH");
      List<SourceTable> tables = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery(question.orElseThrow())) {
        while (rows.next()) {
          if (!rows.getString(2).equals(own)) {
            tables.add(new SourceTable(rows.getString(1), rows.getString(2)));
          }
        }
      }
      return tables;
    }
  }

  private Optional<String> question() {
    return switch (kind) {
      case SQLSERVER -> Optional.of(SQL_SERVER);
      case ORACLE -> Optional.of(ORACLE);
      case POSTGRES, MARIADB, MYSQL, MONGODB -> Optional.empty();
    };
  }

  /** How a table comes to be recorded. */
  static String way(SourceKind kind, SourceTable table) {
    return kind == SourceKind.ORACLE
        ? "ALTER TABLE %s ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS".formatted(table)
        : "EXEC sys.sp_cdc_enable_table '%s', '%s', @role_name = NULL"
            .formatted(table.schema(), table.name());
  }

  /** Oracle's tables are those of a pluggable database, into which a common user goes. */
  private void enter(Statement statement) throws SQLException {
    String pluggable = settings.getOrDefault("database.pdb.name", "").strip();
    if (NAME.matcher(pluggable).matches()) {
      statement.execute("ALTER SESSION SET CONTAINER = " + pluggable);
    }
  }

  private static Connection connect(SourceKind kind, Map<String, String> settings)
      throws SQLException {
    String address = address(kind, settings);
    for (Driver driver : ServiceLoader.load(Driver.class, Unrecorded.class.getClassLoader())) {
      Connection connection =
          driver.acceptsURL(address) ? driver.connect(address, properties(kind, settings)) : null;
      if (connection != null) {
        return connection;
      }
    }
    throw new SQLException("no driver is there for " + kind);
  }

  /** As the connector itself makes it. */
  private static String address(SourceKind kind, Map<String, String> settings) {
    String instance = settings.getOrDefault("database.instance", "").strip();
    String server =
        "%s%s:%s"
            .formatted(
                settings.getOrDefault("database.hostname", "").strip(),
                instance.isEmpty() ? "" : "\\" + instance,
                settings.getOrDefault("database.port", Integer.toString(kind.port())).strip());
    return kind == SourceKind.ORACLE
        ? settings.getOrDefault(
            "database.url",
            "jdbc:oracle:thin:@%s/%s"
                .formatted(server, settings.getOrDefault("database.dbname", "").strip()))
        : "jdbc:sqlserver://" + server;
  }

  private static Properties properties(SourceKind kind, Map<String, String> settings) {
    Properties properties = new Properties();
    String seconds = Integer.toString(SECONDS);
    if (kind == SourceKind.SQLSERVER) {
      properties.setProperty("databaseName", settings.getOrDefault("database.names", "").strip());
      properties.setProperty("loginTimeout", seconds);
    } else {
      properties.setProperty("oracle.net.CONNECT_TIMEOUT", seconds + "000");
    }
    settings.forEach((key, value) -> {
      String name = key.replaceFirst("^(database|driver)\\.", "");
      if (!name.equals(key) && !OWN.contains(name)) {
        properties.setProperty(name, value);
      }
    });
    return properties;
  }
}
