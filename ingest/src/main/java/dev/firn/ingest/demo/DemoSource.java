package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.testing.MariaDbServer;
import dev.firn.testing.PostgresServer;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The database of a demo or a torture, which runs until it is closed. */
sealed interface DemoSource extends AutoCloseable {
  /** The kinds of it. */
  enum Kind {
    POSTGRES("postgres"),
    MARIADB("mariadb");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** As it is chosen. */
    String text() {
      return text;
    }

    /**
     * Refuses a version that there is not.
     *
     * @param postgres a major version of PostgreSQL; empty: none was asked for
     */
    void requireHas(Optional<Integer> postgres) {
      postgres.ifPresent(major -> {
        if (this != POSTGRES) {
          throw new CommandException(
              CommandException.USAGE,
              "--pg %d: not with --source %s; leave one of them out".formatted(major, text));
        }
        if (!DemoSettings.POSTGRES.contains(major)) {
          throw new CommandException(
              CommandException.USAGE, "--pg %d: 16, 17 or 18".formatted(major));
        }
      });
    }

    static Kind of(String text) {
      return Arrays.stream(values())
          .filter(kind -> kind.text.equals(text))
          .findFirst()
          .orElseThrow(() ->
              new CommandException(
                  CommandException.USAGE,
                  "--source %s: %s"
                      .formatted(
                          text,
                          Arrays.stream(values())
                              .map(Kind::text)
                              .collect(Collectors.joining(" or ")))));
    }
  }

  /** What it is called. */
  String name();

  int port();

  /** The shop in it, made and filled when it is not there. */
  Shop shop() throws SQLException;

  /** Writes the pipeline's configuration, and remembers the server for the next run. */
  void begin(DemoFolder folder, DemoLake lake);

  @Override
  void close();

  /**
   * Starts the one that was asked for, or that the folder has.
   *
   * @throws CommandException the folder has another one, or it is not on this machine
   */
  static DemoSource start(DemoSettings settings, DemoFolder folder) {
    Optional<Kind> before = folder.source();
    Kind kind = settings.source().or(() -> before).orElse(Kind.POSTGRES);
    if (before.filter(other -> other != kind).isPresent()) {
      throw new CommandException(
          CommandException.USAGE,
          "the folder %s holds a demo with %s: choose another one with --dir"
              .formatted(folder.root(), before.orElseThrow().text()));
    }
    return start(kind, settings.postgres(), folder);
  }

  /**
   * Starts one of this kind.
   *
   * @param postgres the major version of a PostgreSQL; empty: the folder's, or the newest
   * @throws CommandException it is not on this machine
   */
  static DemoSource start(Kind kind, Optional<Integer> postgres, DemoFolder folder) {
    return switch (kind) {
      case POSTGRES -> postgres(postgres, folder);
      case MARIADB -> mariaDb(folder);
    };
  }

  private static DemoSource postgres(Optional<Integer> wanted, DemoFolder folder) {
    int major =
        wanted
            .or(folder::postgresMajor)
            .orElse(DemoSettings.POSTGRES.get(DemoSettings.POSTGRES.size() - 1));
    PostgresServer.endLeftover(folder.postgres());
    int port = folder.postgresPort().filter(PostgresServer::isFree).orElse(0);
    return new OnPostgres(
        PostgresServer.start(
            PostgresServer.Settings.temporary(major).inFolder(folder.postgres()).onPort(port)));
  }

  private static DemoSource mariaDb(DemoFolder folder) {
    if (!MariaDbServer.isInstalled()) {
      throw new CommandException(
          CommandException.USAGE,
          "no MariaDB on this machine; run %s".formatted(MariaDbServer.INSTALLING));
    }
    MariaDbServer.endLeftover(folder.mariaDb());
    int port = folder.mariaDbPort().filter(PostgresServer::isFree).orElse(0);
    return new OnMariaDb(
        MariaDbServer.start(
            MariaDbServer.Settings.temporary().inFolder(folder.mariaDb()).onPort(port)));
  }

  /** A PostgreSQL of the build. */
  record OnPostgres(PostgresServer server) implements DemoSource {
    @Override
    public String name() {
      return "PostgreSQL";
    }

    @Override
    public int port() {
      return server.port();
    }

    @Override
    public Shop shop() throws SQLException {
      return Shop.open(server);
    }

    @Override
    public void begin(DemoFolder folder, DemoLake lake) {
      folder.begin(server, lake);
      IngestConfig.write(folder, server, lake);
    }

    @Override
    public void close() {
      server.close();
    }
  }

  /** A MariaDB of this machine. */
  record OnMariaDb(MariaDbServer server) implements DemoSource {
    @Override
    public String name() {
      return "MariaDB";
    }

    @Override
    public int port() {
      return server.port();
    }

    @Override
    public Shop shop() throws SQLException {
      return Shop.open(server);
    }

    @Override
    public void begin(DemoFolder folder, DemoLake lake) {
      folder.begin(server, lake);
      IngestConfig.write(folder, server, lake);
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
