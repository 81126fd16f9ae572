package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.ingest.log.LsnPosition;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.jdbc.JdbcConfiguration;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where the timelines ended from which a server's present one has come.
 *
 * @param ends the last place of each, by its number
 */
record TimelineHistory(Map<Integer, LsnPosition> ends) {
  private static final int PARTS = 2;

  /** A server's first timeline has come from none. */
  private static final int FIRST = 1;

  TimelineHistory {
    ends = Map.copyOf(ends);
  }

  /** Asks by the replication protocol, which needs no right that a pipeline's user lacks. */
  static TimelineHistory read(PostgresSource source, int timeline) throws SQLException {
    if (timeline == FIRST) {
      return new TimelineHistory(Map.of());
    }
    JdbcConfiguration replication =
        JdbcConfiguration.adapt(
            source
                .brief()
                .edit()
                .with("replication", "database")
                .with("preferQueryMode", "simple")
                .build());
    try (PostgresConnection connection = new PostgresConnection(replication, "Firn");
        Statement statement = connection.connection().createStatement();
        ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + timeline)) {
      row.next();
      return parse(new String(row.getBytes(2), UTF_8));
    }
  }

  /** Reads lines of a timeline's number, its end and a reason; others are comments. */
  static TimelineHistory parse(String text) {
    Map<Integer, LsnPosition> ends = new TreeMap<>();
    text.lines()
        .map(line -> line.strip().split("\\s+", -1))
        .filter(parts -> parts.length >= PARTS && parts[0].matches("\\d+"))
        .forEach(parts -> ends.put(Integer.valueOf(parts[0]), LsnPosition.parse(parts[1])));
    return new TimelineHistory(ends);
  }

  /** The last place of a timeline that belongs to this history; empty when none of it does. */
  Optional<LsnPosition> endOf(int timeline) {
    return Optional.ofNullable(ends.get(timeline));
  }
}
