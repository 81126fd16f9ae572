package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A PostgreSQL for all tests of a class, with a replication slot for each of them. */
final class SharedServer implements BeforeAllCallback, AfterAllCallback {
  private static final String SLOTS = "40";

  private @Nullable PostgresServer server;
  private int tests;

  @Override
  public void beforeAll(ExtensionContext context) {
    server =
        PostgresServer.start(
            PostgresServer.Settings.temporary(18)
                .with("max_replication_slots", SLOTS)
                .with("max_wal_senders", SLOTS));
  }

  @Override
  public void afterAll(ExtensionContext context) {
    server().close();
  }

  PostgresServer server() {
    return requireNonNull(server, "server is null");
  }

  /** A name that no other test of the class has, such as that of a slot. */
  String another(String name) {
    return name + "_" + ++tests;
  }

  /** A schema for a test, and the lake in a folder that its tables go to. */
  SourceAndLake lake(Path folder, String name) throws SQLException {
    return new SourceAndLake(server(), folder, another(name));
  }
}
