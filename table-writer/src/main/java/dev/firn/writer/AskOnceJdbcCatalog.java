package dev.firn.writer;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.jdbc.JdbcClientPool;
import org.jspecify.annotations.Nullable;

/**
 * Iceberg's JDBC catalog, but that no statement is sent a second time after the connection broke.
 *
 * <p>Iceberg 1.12 reconnects and sends it again: where the first one had come through, the swap of
 * a table's metadata then finds what it was to replace gone, is taken for a refused commit, and the
 * files of a commit that has happened are deleted. Sent once, the outcome is unknown, and {@link
 * CommitAttempts} looks.
 */
public final class AskOnceJdbcCatalog extends JdbcCatalog {
  /** Made by name: {@code catalog-impl}. */
  public AskOnceJdbcCatalog() {
    super(null, Pool::new, true);
  }

  /** Reconnects as Iceberg's does, for the next one. */
  static final class Pool extends JdbcClientPool {
    Pool(Map<String, String> properties) {
      super(properties.get(CatalogProperties.URI), properties);
    }

    @Override
    public <R> R run(Action<R, Connection, SQLException> action)
        throws SQLException, InterruptedException {
      AtomicReference<@Nullable SQLException> broken = new AtomicReference<>();
      return super.run(connection -> {
        SQLException first = broken.get();
        if (first != null) {
          throw first;
        }
        try {
          return action.run(connection);
        } catch (SQLException e) {
          broken.set(e);
          throw e;
        }
      });
    }
  }
}
