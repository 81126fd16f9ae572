package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A snapshot of PostgreSQL, as {@code pg_current_snapshot()} tells it.
 *
 * @param xmin all transactions before it are over
 * @param xmax the first that had not begun
 * @param running those from {@code xmin} on that had not ended
 */
record SourceSnapshot(long xmin, long xmax, Set<Long> running) implements SourceView {
  private static final int ID_BITS = 32;

  SourceSnapshot {
    running = Set.copyOf(requireNonNull(running, "running is null"));
  }

  /** That of the connection's transaction. */
  static SourceSnapshot take(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
      row.next();
      return parse(row.getString(1));
    }
  }

  /** Reads {@code xmin:xmax:running,...}. */
  static SourceSnapshot parse(String text) {
    String[] parts = text.split(":", -1);
    return new SourceSnapshot(
        Long.parseLong(parts[0]),
        Long.parseLong(parts[1]),
        Arrays.stream(parts[2].split(",", -1))
            .filter(id -> !id.isEmpty())
            .map(Long::valueOf)
            .collect(Collectors.toSet()));
  }

  /**
   * Whether it sees a transaction that has been committed.
   *
   * @param id its id as the log tells it: the low 32 bits
   */
  @Override
  public boolean sees(String id) {
    long full = full(Long.parseLong(id));
    return full < xmin || (full < xmax && !running.contains(full));
  }

  /** The id with its epoch: that of {@code xmax}, or the one next to it if that is nearer. */
  private long full(long id) {
    long epochs = 1L << ID_BITS;
    long full = (xmax & -epochs) | (id & (epochs - 1));
    if (full - xmax > epochs / 2) {
      return full - epochs;
    }
    return xmax - full > epochs / 2 ? full + epochs : full;
  }
}
