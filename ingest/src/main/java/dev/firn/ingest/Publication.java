package dev.firn.ingest;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the source's log tells the pipeline of. */
final class Publication {
  private static final int ROW_FILTERS_SINCE = 15;

  private static final String HEAD =
      """
      SELECT p.oid::bigint || '.' || p.xmin,
             concat_ws(', ', CASE WHEN NOT pubinsert THEN 'inserts' END,
                             CASE WHEN NOT pubupdate THEN 'updates' END,
                             CASE WHEN NOT pubdelete THEN 'deletes' END,
                             CASE WHEN NOT pubtruncate THEN 'truncates' END)
        FROM pg_publication AS p
       WHERE p.pubname = ?\
      """;

  /**
   * Each row of the catalog by which a table is a member has an id and the transaction that wrote
   * it: a table that is taken out and put back has others.
   */
  private static final String MEMBERS =
      """
      SELECT t.schemaname, t.tablename,
             coalesce((SELECT string_agg(r.oid || '.' || r.xmin, ',' ORDER BY r.oid)
                         FROM pg_publication_rel AS r
                        WHERE r.prpubid = p.oid
                          AND (r.prrelid = c.oid
                               OR r.prrelid IN (SELECT relid FROM pg_partition_ancestors(c.oid)))),
                      ''),
             coalesce(to_jsonb(t) ->> 'rowfilter', ''),
             ARRAY(SELECT a.attname::text
                     FROM pg_attribute AS a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                      AND a.attgenerated = ''
                      AND NOT coalesce(to_jsonb(t) -> 'attnames', to_jsonb(a.attname))
                          @> to_jsonb(a.attname)
                    ORDER BY a.attnum),
             c.relkind = 'p'
        FROM pg_publication_tables AS t
             JOIN pg_publication AS p ON p.pubname = t.pubname
             JOIN pg_namespace AS n ON n.nspname = t.schemaname
             JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
       WHERE t.pubname = ?\
      """;

  private static final String SCHEMAS =
      """
      SELECT n.nspname, r.oid || '.' || r.xmin
        FROM pg_publication_namespace AS r
             JOIN pg_publication AS p ON p.oid = r.pnpubid
             JOIN pg_namespace AS n ON n.oid = r.pnnspid
       WHERE p.pubname = ?\
      """;

  /**
   * A table's membership.
   *
   * @param id another one after the table was not a member for a time, or only in part
   * @param hidden what is not published of it; empty: all is
   * @param hidesPartitions whether changes of its partitions come under its name
   */
  record Member(String id, String hidden, boolean hidesPartitions) {}

  private final PostgresSource source;

  Publication(PostgresSource source) {
    this.source = source;
  }

  /**
   * Its tables by name; empty when there is no such publication.
   *
   * <p>PostgreSQL tells which columns are published as of now, and those of the catalog as of the
   * statement's begin: one that is dropped in between seems hidden, until one looks again.
   */
  Optional<Map<SourceTable, Member>> members(Connection connection) throws SQLException {
    Optional<Map<SourceTable, Member>> seen = look(connection);
    while (seen.filter(Publication::isHiding).isPresent()) {
      Optional<Map<SourceTable, Member>> again = look(connection);
      if (again.equals(seen)) {
        break;
      }
      seen = again;
    }
    return seen;
  }

  private static boolean isHiding(Map<SourceTable, Member> members) {
    return members.values().stream().anyMatch(member -> !member.hidden().isEmpty());
  }

  private Optional<Map<SourceTable, Member>> look(Connection connection) throws SQLException {
    String id;
    String operations;
    try (PreparedStatement query = connection.prepareStatement(HEAD)) {
      query.setString(1, source.publication());
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        id = row.getString(1);
        operations = row.getString(2);
      }
    }
    Map<String, String> schemas = schemas(connection);
    Map<SourceTable, Member> members = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(MEMBERS)) {
      query.setString(1, source.publication());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          SourceTable table = new SourceTable(row.getString(1), row.getString(2));
          String own = row.getString(3) + schemas.getOrDefault(table.schema(), "");
          members.put(
              table,
              new Member(
                  id + ":" + own,
                  hidden(operations, row.getString(4), captured(table, row.getArray(5))),
                  row.getBoolean(6) && source.captures(table)));
        }
      }
    }
    return Optional.of(members);
  }

  private Map<String, String> schemas(Connection connection) throws SQLException {
    Map<String, String> schemas = new HashMap<>();
    if (connection.getMetaData().getDatabaseMajorVersion() < ROW_FILTERS_SINCE) {
      return schemas;
    }
    try (PreparedStatement query = connection.prepareStatement(SCHEMAS)) {
      query.setString(1, source.publication());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          schemas.put(row.getString(1), row.getString(2));
        }
      }
    }
    return schemas;
  }

  /** Columns that are captured are missed; others may be hidden. */
  private String captured(SourceTable table, Array columns) throws SQLException {
    return Arrays.stream((String[]) columns.getArray())
        .filter(column ->
            source
                .connector()
                .getColumnFilter()
                .matches(null, table.schema(), table.name(), column))
        .collect(Collectors.joining(", "));
  }

  private static String hidden(String operations, String filter, String columns) {
    StringBuilder hidden = new StringBuilder();
    if (!operations.isEmpty()) {
      hidden.append(operations);
    }
    if (!filter.isEmpty()) {
      hidden.append(hidden.isEmpty() ? "" : ", ").append("rows by a row filter");
    }
    if (!columns.isEmpty()) {
      hidden.append(hidden.isEmpty() ? "" : ", ").append("columns ").append(columns);
    }
    return hidden.toString();
  }

  /** Whether Firn may add tables itself. */
  boolean isOurs() {
    return "filtered".equals(source.configuration().getString("publication.autocreate.mode"));
  }

  /**
   * Sees to it that the changes of a table are told of.
   *
   * @return whether they were not so far
   * @throws SettingsException they are not, and it is not for Firn to change that
   */
  boolean add(Connection connection, SourceTable table) throws SQLException {
    if (isMember(connection, table)) {
      return false;
    }
    if (!isOurs()) {
      throw new SettingsException(
          "publication %s lacks table %s; run %s"
              .formatted(source.publication(), table, adding(table)));
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(adding(table));
    } catch (SQLException e) {
      if (!isMember(connection, table)) {
        throw e;
      }
    }
    return true;
  }

  String adding(SourceTable table) {
    return "ALTER PUBLICATION %s ADD TABLE %s"
        .formatted(SourceTable.quoted(source.publication()), table.quoted());
  }

  private boolean isMember(Connection connection, SourceTable table) throws SQLException {
    return members(connection).map(members -> members.containsKey(table)).orElse(false);
  }
}
