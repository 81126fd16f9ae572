package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The partitioned tables of a PostgreSQL, which have no rows of their own: its log tells of the
 * partitions, which are followed as tables.
 *
 * @param partitions those with rows, of each partitioned table, whatever lies between
 */
record SourcePartitions(Map<SourceTable, Set<SourceTable>> partitions) {
  private static final String QUERY =
      """
      SELECT an.nspname, a.relname, n.nspname, c.relname
        FROM pg_class a JOIN pg_namespace an ON an.oid = a.relnamespace
             LEFT JOIN LATERAL pg_partition_tree(a.oid) t ON t.isleaf
             LEFT JOIN pg_class c ON c.oid = t.relid AND c.relkind <> 'p'
             LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE a.relkind = 'p'
      """;

  SourcePartitions {
    requireNonNull(partitions, "partitions is null");
  }

  static SourcePartitions read(Connection connection) throws SQLException {
    Map<SourceTable, Set<SourceTable>> partitions = new TreeMap<>(SourcePartitions::byName);
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(QUERY)) {
      while (rows.next()) {
        Set<SourceTable> known =
            partitions.computeIfAbsent(
                new SourceTable(rows.getString(1), rows.getString(2)),
                table -> new TreeSet<>(SourcePartitions::byName));
        if (rows.getString(4) != null) {
          known.add(new SourceTable(rows.getString(3), rows.getString(4)));
        }
      }
    }
    return new SourcePartitions(partitions);
  }

  private static int byName(SourceTable one, SourceTable other) {
    return one.toString().compareTo(other.toString());
  }

  /** Whether a table has no rows of its own. */
  boolean isPartitioned(SourceTable table) {
    return partitions.containsKey(table);
  }

  /**
   * Looks whether all rows of a partitioned table that is captured are.
   *
   * @throws SettingsException partitions of it are not
   */
  void requireAll(Source source) {
    partitions.forEach((table, its) -> {
      Set<SourceTable> missing =
          its.stream()
              .filter(each -> !source.captures(each))
              .collect(Collectors.toCollection(() -> new TreeSet<>(SourcePartitions::byName)));
      if (source.captures(table) && !missing.isEmpty()) {
        throw new SettingsException(
            "table %1$s is partitioned: its rows and their changes are those of its partitions, of which %2$s is not captured; capture them with debezium.source.table.include.list, or leave %1$s out; to have them in one table of the lake set %3$s%1$s to a regular expression for their names"
                .formatted(
                    table, missing.iterator().next(), SinkSettings.PREFIX + ShardRoutes.PREFIX));
      }
    });
  }
}
