package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Pipeline;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * Which server's log a position counts in.
 *
 * @param system PostgreSQL's system identifier, the same on all replicas of a server
 * @param timeline which of its histories: promotion and recovery to a point in time begin another;
 *     0 on a standby
 */
record ServerIdentity(String system, int timeline) {
  static final String NOTE = "source-server";

  private static final String QUERY =
      """
      SELECT system_identifier::text,
             CASE WHEN pg_is_in_recovery() THEN 0
                  ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END
        FROM pg_control_system()\
      """;

  ServerIdentity {
    requireNonNull(system, "system is null");
  }

  static ServerIdentity of(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(QUERY)) {
      row.next();
      return new ServerIdentity(row.getString(1), row.getInt(2));
    }
  }

  /** As the pipeline's control table has it; empty when it is not known yet. */
  static Optional<ServerIdentity> noted(Pipeline pipeline) {
    return pipeline
        .note(NOTE)
        .map(text -> {
          String[] parts = text.split("/", -1);
          return new ServerIdentity(parts[0], Integer.parseInt(parts[1]));
        });
  }

  /** Writes it down, if it is another one. Not while batches are being committed. */
  void note(Pipeline pipeline) {
    if (!noted(pipeline).equals(Optional.of(this))) {
      pipeline.note(NOTE, "%s/%d".formatted(system, timeline));
    }
  }

  boolean isStandby() {
    return timeline == 0;
  }
}
