package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.ingest.CommandException;
import dev.firn.testing.MariaDbServer;
import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/** Where the demo keeps what it makes; one demo at a time. */
final class DemoFolder implements AutoCloseable {
  private static final String RUN = "run";
  private static final String SOURCE = "source";
  private static final String POSTGRES = "postgres.major";
  private static final String MARIADB_PORT = "mariadb.port";
  private static final String PORT = "postgres.port";
  private static final String STORAGE = "storage";
  private static final String S3_PORT = "s3.port";

  private final Path root;
  private final FileChannel lock;
  private final Properties state;

  private DemoFolder(Path root, FileChannel lock, Properties state) {
    this.root = root;
    this.lock = lock;
    this.state = state;
  }

  static DemoFolder open(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    try {
      Files.createDirectories(root.resolve("logs"));
      return new DemoFolder(root, lock(root), read(root.resolve("demo.properties")));
    } catch (IOException e) {
      throw new CommandException(
          CommandException.USAGE,
          "the folder %s cannot be written to (%s): choose another one with --dir"
              .formatted(folder, reason(e)),
          e);
    }
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ");
  }

  private static FileChannel lock(Path root) throws IOException {
    FileChannel channel =
        FileChannel.open(
            root.resolve("demo.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock held = channel.tryLock();
    if (held == null) {
      channel.close();
      throw new CommandException(
          CommandException.USAGE,
          "another demo is running in %s: wait for it, or choose another folder with --dir"
              .formatted(root));
    }
    return channel;
  }

  private static Properties read(Path file) throws IOException {
    Properties properties = new Properties();
    if (Files.exists(file)) {
      try (Reader in = Files.newBufferedReader(file, UTF_8)) {
        properties.load(in);
      }
    }
    return properties;
  }

  /** Removes a folder and all that is in it. */
  static void remove(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The number of this run, from 1; each call of {@link #begin} is a new run. */
  int run() {
    return Integer.parseInt(state.getProperty(RUN, "0"));
  }

  /** The kind of its database; empty before the first run. */
  Optional<DemoSource.Kind> source() {
    return run() == 0
        ? Optional.empty()
        : Optional.of(
            DemoSource.Kind.of(state.getProperty(SOURCE, DemoSource.Kind.POSTGRES.text())));
  }

  Optional<Integer> mariaDbPort() {
    return Optional.ofNullable(state.getProperty(MARIADB_PORT)).map(Integer::valueOf);
  }

  Path mariaDb() {
    return root.resolve("mariadb");
  }

  Optional<Integer> postgresMajor() {
    return Optional.ofNullable(state.getProperty(POSTGRES)).map(Integer::valueOf);
  }

  Optional<Integer> postgresPort() {
    return Optional.ofNullable(state.getProperty(PORT)).map(Integer::valueOf);
  }

  /** Where its lake keeps its files; empty before the first run. */
  Optional<DemoLake.Storage> storage() {
    return run() == 0
        ? Optional.empty()
        : Optional.of(DemoLake.Storage.of(state.getProperty(STORAGE, "local")));
  }

  Optional<Integer> s3Port() {
    return Optional.ofNullable(state.getProperty(S3_PORT)).map(Integer::valueOf);
  }

  /** Remembers the servers of this run and counts the run. */
  void begin(PostgresServer server, DemoLake lake) {
    begin(
        Map.of(
            SOURCE,
            DemoSource.Kind.POSTGRES.text(),
            POSTGRES,
            Integer.toString(server.major()),
            PORT,
            Integer.toString(server.port())),
        lake);
  }

  /** Remembers the servers of this run and counts the run. */
  void begin(MariaDbServer server, DemoLake lake) {
    begin(
        Map.of(
            SOURCE, DemoSource.Kind.MARIADB.text(), MARIADB_PORT, Integer.toString(server.port())),
        lake);
  }

  private void begin(Map<String, String> server, DemoLake lake) {
    state.putAll(server);
    state.setProperty(STORAGE, lake.storage().text());
    if (lake instanceof DemoLake.OnS3 s3) {
      state.setProperty(S3_PORT, Integer.toString(s3.server().port()));
    }
    state.setProperty(RUN, Integer.toString(run() + 1));
    try (Writer out = Files.newBufferedWriter(root.resolve("demo.properties"), UTF_8)) {
      state.store(out, "what the next run of firn demo in this folder goes on from");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path root() {
    return root;
  }

  Path postgres() {
    return root.resolve("postgres");
  }

  Path lake() {
    return root.resolve("lake");
  }

  /** What the S3 server keeps. */
  Path objects() {
    return root.resolve("s3");
  }

  Path config() {
    return root.resolve("ingest.properties");
  }

  Path ingestLog() {
    return root.resolve("logs").resolve("ingest.log");
  }

  Path sinkProcess() {
    return root.resolve("ingest.pid");
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
