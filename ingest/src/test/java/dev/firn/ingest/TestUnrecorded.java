package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is asked of SQL Server and Oracle, of another database with tables of the same names. */
class TestUnrecorded {
  private static Unrecorded standIn(SourceKind kind, String... made) {
    return new Unrecorded(
        kind,
        Map.of(),
        () -> {
          Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
          try (Statement statement = connection.createStatement()) {
            for (String sql : made) {
              statement.execute(sql);
            }
          }
          return connection;
        });
  }

  @Test
  void tablesOfSqlServerThatAreNotTracked() throws SQLException {
    Unrecorded asked =
        standIn(
            SourceKind.SQLSERVER,
            "ATTACH ':memory:' AS sys",
            "CREATE TABLE sys.schemas (schema_id, name)",
            "CREATE TABLE sys.tables (schema_id, name, is_tracked_by_cdc, is_ms_shipped)",
            "INSERT INTO sys.schemas VALUES (1, 'dbo'), (2, 'crm'), (3, 'cdc')",
            """
            INSERT INTO sys.tables VALUES (1, 'orders', 1, 0), (1, 'log', 0, 0), (2, 'log', 0, 0),
             (1, 'systranschemas', 0, 1), (3, 'dbo_orders_CT', 0, 0)
            """);
    assertThat(asked.tables())
        .containsExactlyInAnyOrder(new SourceTable("dbo", "log"), new SourceTable("crm", "log"));
  }

  private static final String[] ORACLE = {
    "CREATE TABLE all_users (username, oracle_maintained)",
    "CREATE TABLE all_tables (owner, table_name, temporary)",
    "CREATE TABLE all_log_groups (owner, table_name, log_group_type)",
    "CREATE TABLE v$database (supplemental_log_data_all)",
    "INSERT INTO all_users VALUES ('SYS', 'Y'), ('SHOP', 'N')",
    """
    INSERT INTO all_tables VALUES ('SHOP', 'ORDERS', 'N'), ('SHOP', 'ITEMS', 'N'),
     ('SHOP', 'SCRATCH', 'Y'), ('SYS', 'OBJ$', 'N'), ('SHOP', 'LOG', 'N')
    """,
    """
    INSERT INTO all_log_groups VALUES ('SHOP', 'ORDERS', 'ALL COLUMN LOGGING'),
     ('SHOP', 'ORDERS', 'PRIMARY KEY LOGGING'), ('SHOP', 'ITEMS', 'PRIMARY KEY LOGGING')
    """
  };

  @Test
  void tablesOfOracleWithoutSupplementalLogging() throws SQLException {
    String[] some = java.util.Arrays.copyOf(ORACLE, ORACLE.length + 1);
    some[ORACLE.length] = "INSERT INTO v$database VALUES ('NO')";
    assertThat(standIn(SourceKind.ORACLE, some).tables())
        .containsExactlyInAnyOrder(
            new SourceTable("SHOP", "ITEMS"), new SourceTable("SHOP", "LOG"));
    some[ORACLE.length] = "INSERT INTO v$database VALUES ('YES')";
    assertThat(standIn(SourceKind.ORACLE, some).tables()).isEmpty();
  }

  @Test
  void nothingIsAskedOfMongoDb() throws SQLException {
    Unrecorded asked =
        new Unrecorded(
            SourceKind.MONGODB,
            Map.of(),
            () -> {
              throw new AssertionError("asked");
            });
    assertThat(asked.tables()).isEmpty();
  }

  /** The usual build brings neither driver; no secret is said. */
  @Test
  void driverThatIsNotThereIsNamedByItsAddress() {
    Unrecorded asked =
        Unrecorded.of(
            SourceKind.ORACLE,
            Map.of(
                "database.hostname", "127.0.0.1",
                "database.port", "1",
                "database.dbname", "ORCLCDB",
                "database.password", "secret"));
    assertThatThrownBy(asked::tables)
        .isInstanceOf(SQLException.class)
        .satisfies(failure -> assertThat(failure.toString()).doesNotContain("secret"));
  }
}
