package dev.firn.ingest;

import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.data.Field;

/** Tries whether a PostgreSQL can be captured, and says what to do where it cannot. */
final class SourceChecks {
  private static final int OLDEST_VERSION = 140_000;

  private final PostgresSource source;
  private final KeylessTables keyless;
  private final List<Check> checks = new ArrayList<>();

  private SourceChecks(PostgresSource source, KeylessTables keyless) {
    this.source = source;
    this.keyless = keyless;
  }

  static List<Check> run(PostgresSource source, KeylessTables keyless) {
    SourceChecks checks = new SourceChecks(source, keyless);
    checks.connection();
    return List.copyOf(checks.checks);
  }

  private void connection() {
    try (PostgresConnection postgres = source.connect()) {
      Connection connection = postgres.connection();
      version(connection);
      walLevel(connection);
      role(connection);
      List<CapturedTable> tables = tables();
      publication(connection, tables);
      slot(connection);
      capacity(connection);
      for (CapturedTable table : tables) {
        identity(connection, table);
        dimensions(connection, table);
        intervals(connection, table);
      }
    } catch (SQLException | RuntimeException e) {
      checks.add(
          Check.failed(
              "connection",
              "%s: %s".formatted(source.place(), ConnectionLoss.reason(e)),
              "see that debezium.source.database.* is right and that pg_hba.conf lets the user in"));
    }
  }

  private void version(Connection connection) throws SQLException {
    checks.add(Check.ok("connection", source.place()));
    String name = one(connection, "SHOW server_version");
    int number = Integer.parseInt(one(connection, "SHOW server_version_num"));
    checks.add(
        number >= OLDEST_VERSION
            ? Check.ok("server version", name)
            : Check.failed("server version", name, "PostgreSQL 14 or newer is needed"));
  }

  private void walLevel(Connection connection) throws SQLException {
    String level = one(connection, "SHOW wal_level");
    checks.add(
        level.equals("logical")
            ? Check.ok("wal_level", level)
            : Check.failed(
                "wal_level",
                level,
                "run ALTER SYSTEM SET wal_level = 'logical' and restart the server"));
  }

  private void role(Connection connection) throws SQLException {
    String user = one(connection, "SELECT current_user");
    boolean may =
        is(
            connection,
            "SELECT rolreplication OR rolsuper OR EXISTS (SELECT FROM pg_roles g"
                + " WHERE g.rolname IN ('rds_replication', 'rds_superuser', 'cloudsqlsuperuser')"
                + " AND pg_has_role(current_user, g.oid, 'member'))"
                + " FROM pg_roles WHERE rolname = current_user");
    checks.add(
        may
            ? Check.ok("replication privilege", user)
            : Check.failed(
                "replication privilege", user, "run ALTER ROLE %s REPLICATION".formatted(user)));
  }

  private List<CapturedTable> tables() throws SQLException {
    try {
      List<CapturedTable> tables = new PostgresTables(source).read();
      checks.add(
          tables.isEmpty()
              ? Check.failed(
                  "tables",
                  "none",
                  "see debezium.source.schema.include.list and table.include.list")
              : Check.ok("tables", "%d captured, all column types known".formatted(tables.size())));
      return tables;
    } catch (SettingsException e) {
      checks.add(
          Check.failed("tables", "a column that cannot be stored", String.valueOf(e.getMessage())));
      return List.of();
    }
  }

  private void publication(Connection connection, List<CapturedTable> tables) throws SQLException {
    String name = source.publication();
    if (!is(connection, "SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = ?)", name)) {
      missingPublication(connection, name, tables);
      return;
    }
    Set<String> published = new HashSet<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = ?")) {
      query.setString(1, name);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          published.add(rows.getString(1));
        }
      }
    }
    for (SourceTable table : SourcePartitions.read(connection).partitions().keySet()) {
      if (source.captures(table) && published.contains(table.toString())) {
        checks.add(
            Check.failed(
                "publication",
                "%s tells changes of partitions under the name of %s".formatted(name, table),
                "run ALTER PUBLICATION %s SET (publish_via_partition_root = false)"
                    .formatted(name)));
        return;
      }
    }
    List<String> missing =
        tables.stream()
            .map(table -> table.source().toString())
            .filter(table -> !published.contains(table))
            .toList();
    checks.add(
        missing.isEmpty()
            ? Check.ok("publication", name)
            : isFiltered()
                ? Check.warn(
                    "publication",
                    "%s lacks %s".formatted(name, String.join(", ", missing)),
                    "firn ingest will add them at its start, as owner of the publication")
                : Check.failed(
                    "publication",
                    "%s lacks %s".formatted(name, String.join(", ", missing)),
                    "run ALTER PUBLICATION %s ADD TABLE %s"
                        .formatted(name, String.join(", ", missing))));
  }

  private void missingPublication(Connection connection, String name, List<CapturedTable> tables)
      throws SQLException {
    boolean mayCreate =
        is(connection, "SELECT has_database_privilege(current_database(), 'CREATE')");
    List<String> foreign = new ArrayList<>();
    for (CapturedTable table : tables) {
      if (!isOwner(connection, table)) {
        foreign.add(table.source().toString());
      }
    }
    String create =
        "as an owner of the tables run CREATE PUBLICATION %s FOR TABLE %s"
            .formatted(
                name, String.join(", ", tables.stream().map(t -> t.source().toString()).toList()));
    checks.add(
        mayCreate && foreign.isEmpty() && isFiltered()
            ? Check.ok("publication", "%s will be created".formatted(name))
            : Check.failed(
                "publication", "%s is missing and cannot be created".formatted(name), create));
  }

  private boolean isFiltered() {
    return !"disabled".equals(source.configuration().getString("publication.autocreate.mode"));
  }

  private static boolean isOwner(Connection connection, CapturedTable table) throws SQLException {
    return is(
        connection,
        "SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(?)"
            + " AND pg_has_role(current_user, c.relowner, 'USAGE'))",
        table.source().quoted());
  }

  private void slot(Connection connection) throws SQLException {
    Optional<ReplicationSlot.State> slot = new ReplicationSlot(source).state(connection);
    if (slot.isEmpty()) {
      checks.add(Check.ok("replication slot", "%s will be created".formatted(source.slot())));
    } else if (slot.orElseThrow().hasLostLog()) {
      checks.add(
          Check.failed(
              "replication slot",
              "%s has lost its log".formatted(source.slot()),
              "drop it and start over with a new pipeline name; see max_slot_wal_keep_size"));
    } else {
      checks.add(
          slot.orElseThrow()
              .activePid()
              .map(pid ->
                  Check.warn(
                      "replication slot",
                      "%s is in use by server process %d".formatted(source.slot(), pid),
                      "a pipeline is running; a second one would take over from it"))
              .orElse(Check.ok("replication slot", "%s exists".formatted(source.slot()))));
    }
  }

  private void capacity(Connection connection) throws SQLException {
    long slots =
        Long.parseLong(
            one(
                connection,
                "SELECT current_setting('max_replication_slots')::int - count(*)"
                    + " FROM pg_replication_slots"));
    boolean hasOwn = new ReplicationSlot(source).state(connection).isPresent();
    checks.add(
        slots > 0 || hasOwn
            ? Check.ok("max_replication_slots", "%d free".formatted(slots))
            : Check.failed(
                "max_replication_slots",
                "none free",
                "drop unused slots, or raise it and restart the server"));
    long senders =
        Long.parseLong(
            one(
                connection,
                "SELECT current_setting('max_wal_senders')::int - count(*)"
                    + " FROM pg_stat_replication"));
    checks.add(
        senders > 0
            ? Check.ok("max_wal_senders", "%d free".formatted(senders))
            : Check.failed("max_wal_senders", "none free", "raise it and restart the server"));
  }

  private void identity(Connection connection, CapturedTable table) throws SQLException {
    String identity =
        one(
            connection,
            "SELECT CASE WHEN relreplident <> 'd' OR EXISTS"
                + " (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)"
                + " THEN relreplident::text ELSE '' END FROM pg_class WHERE oid = to_regclass(?)",
            table.source().quoted());
    boolean isKeyed = !table.key().isEmpty();
    String name = "table " + table.source();
    String alter = "run ALTER TABLE %s REPLICA IDENTITY ".formatted(table.source().quoted());
    switch (identity) {
      case "f" -> checks.add(Check.ok(name, isKeyed ? "key, whole rows" : "no key, whole rows"));
      case "d" -> checks.add(Check.ok(name, "key " + String.join(", ", table.key())));
      case "" -> checks.add(withoutKey(name, alter));
      default ->
          checks.add(
              Check.failed(
                  name,
                  "its replica identity is not its key",
                  alter + (isKeyed ? "DEFAULT" : "FULL")));
    }
  }

  private Check withoutKey(String name, String alter) {
    return switch (keyless) {
      case REFUSE ->
          Check.failed(
              name,
              "no key: published, its rows could neither be updated nor deleted",
              "%sFULL; or, if rows are only ever added, set %s%s=append-only"
                  .formatted(alter, SinkSettings.PREFIX, KeylessTables.KEY));
      case APPEND_ONLY -> Check.ok(name, "no key: rows are only added");
    };
  }

  /** PostgreSQL remembers how many dimensions were declared, and does not hold values to it. */
  private void dimensions(Connection connection, CapturedTable table) throws SQLException {
    String columns =
        one(
            connection,
            "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute"
                + " WHERE attrelid = to_regclass(?) AND attndims > 1 AND NOT attisdropped",
            table.source().quoted());
    for (String column : columns.split(",", -1)) {
      Field field = table.row().field(column);
      if (field != null
          && PostgresArray.SCHEMA_NAME.equals(field.schema().name())
          && !table.leavesOut(column)) {
        checks.add(
            Check.warn(
                "column %s.%s".formatted(table.source(), column),
                "an array of several dimensions",
                "a value that has more than one stops the pipeline; keep the column as text with %s, or leave it out with debezium.source.column.exclude.list=%s.%s"
                    .formatted(
                        ColumnForms.asText(table.source(), column), table.source(), column)));
      }
    }
  }

  /** The log's reader takes an infinite interval for one of 0. */
  private void intervals(Connection connection, CapturedTable table) throws SQLException {
    String columns =
        one(
            connection,
            "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute a"
                + " WHERE attrelid = to_regclass(?) AND atttypid = 'interval'::regtype"
                + " AND NOT attisdropped AND current_setting('server_version_num')::int >= 170000"
                + " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = attrelid"
                + " AND conkey @> ARRAY[attnum] AND pg_get_constraintdef(oid) LIKE '%isfinite%')",
            table.source().quoted());
    for (String column : columns.split(",", -1)) {
      if (table.row().field(column) != null && !table.leavesOut(column)) {
        checks.add(
            Check.warn(
                "column %s.%s".formatted(table.source(), column),
                "an interval, which may be infinite",
                "an infinite one in the log comes as one of 0; rule it out with ALTER TABLE %s ADD CHECK (isfinite(%s))"
                    .formatted(table.source().quoted(), SourceTable.quoted(column))));
      }
    }
  }

  private static boolean is(Connection connection, String query, String... parameters)
      throws SQLException {
    return one(connection, query, parameters).equals("t");
  }

  private static String one(Connection connection, String query, String... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getString(1) != null ? row.getString(1) : "";
      }
    }
  }
}
