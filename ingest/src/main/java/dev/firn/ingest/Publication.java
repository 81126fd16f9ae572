package dev.firn.ingest;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What the source's log tells the pipeline of. */
final class Publication {
  private static final String MEMBER =
      "SELECT EXISTS (SELECT FROM pg_publication_tables"
          + " WHERE pubname = ? AND schemaname = ? AND tablename = ?)";

  private final PostgresSource source;

  Publication(PostgresSource source) {
    this.source = source;
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
    String add =
        "ALTER PUBLICATION %s ADD TABLE %s"
            .formatted(SourceTable.quoted(source.publication()), table.quoted());
    if (!"filtered".equals(source.configuration().getString("publication.autocreate.mode"))) {
      throw new SettingsException(
          "publication %s lacks table %s; run %s".formatted(source.publication(), table, add));
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(add);
    } catch (SQLException e) {
      if (!isMember(connection, table)) {
        throw e;
      }
    }
    return true;
  }

  private boolean isMember(Connection connection, SourceTable table) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(MEMBER)) {
      query.setString(1, source.publication());
      query.setString(2, table.schema());
      query.setString(3, table.name());
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }
}
