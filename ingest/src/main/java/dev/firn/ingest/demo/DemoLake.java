package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RestCatalog;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;

/**
 * The demo's lake: a SQLite catalog, and files in a folder or on an S3 server of the demo's own.
 */
sealed interface DemoLake extends AutoCloseable {

  /** Where a lake keeps its files. */
  enum Storage {
    LOCAL,
    S3;

    /** As reports and the folder's state name it. */
    String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Storage of(String text) {
      return valueOf(text.toUpperCase(Locale.ROOT));
    }
  }

  /** How a lake's catalog is reached. */
  enum Access {
    /** The SQLite file itself. */
    EMBEDDED,
    /** A REST catalog in front of it; each table is committed by itself. */
    REST,
    /** The same, and all tables of a batch are committed as one. */
    REST_ATOMIC
  }

  Storage storage();

  /** What opens its catalog, as Iceberg takes it. */
  Map<String, String> catalog();

  /** The lines of a configuration file that name it. */
  String settings();

  @Override
  void close();

  /** Opens the lake of a folder; a folder keeps the storage that its first run has chosen. */
  static DemoLake open(DemoFolder folder, Storage storage) {
    return switch (storage) {
      case LOCAL -> new LocalFiles(folder.lake());
      case S3 -> OnS3.start(folder);
    };
  }

  /** Opens a lake whose catalog is reached so. */
  static DemoLake open(DemoFolder folder, Storage storage, Access access) {
    DemoLake lake = open(folder, storage);
    if (access == Access.EMBEDDED) {
      return lake;
    }
    try {
      Files.createDirectories(folder.lake());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return BehindRest.start(lake, access == Access.REST_ATOMIC);
  }

  /**
   * The storage of a run.
   *
   * @throws CommandException the folder's lake lies on another one
   */
  static Storage choose(Optional<Storage> wanted, DemoFolder folder) {
    Optional<Storage> kept = folder.storage();
    if (wanted.isPresent() && kept.isPresent() && !wanted.equals(kept)) {
      throw new CommandException(
          CommandException.USAGE,
          "the lake in %s has its files on %s storage: choose another folder with --dir"
              .formatted(folder.root(), kept.orElseThrow().text()));
    }
    return wanted.or(() -> kept).orElse(Storage.LOCAL);
  }

  /** Catalog and files below one folder. */
  record LocalFiles(Path folder) implements DemoLake {
    @Override
    public Storage storage() {
      return Storage.LOCAL;
    }

    @Override
    public Map<String, String> catalog() {
      return Lake.embedded(folder);
    }

    @Override
    public String settings() {
      return """
      # The lake: a SQLite catalog and local files in one folder. Instead of `dir`, the properties of any
      # Iceberg catalog: type, uri, warehouse, io-impl and so on, under the same prefix.
      debezium.sink.iceberg.dir=%s\
      """
          .formatted(escaped(folder.toString()));
    }

    @Override
    public void close() {}
  }

  /** A SQLite catalog in a folder, all other files in a bucket. */
  record OnS3(Path folder, S3Server server) implements DemoLake {
    private static OnS3 start(DemoFolder folder) {
      int port = folder.s3Port().filter(PostgresServer::isFree).orElse(0);
      return new OnS3(folder.lake(), S3Server.start(folder.objects(), port));
    }

    @Override
    public Storage storage() {
      return Storage.S3;
    }

    @Override
    public Map<String, String> catalog() {
      Map<String, String> properties = new HashMap<>(Lake.embedded(folder));
      properties.putAll(server.fileIo());
      properties.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
      return Map.copyOf(properties);
    }

    @Override
    public String settings() {
      return """
      # The lake: a SQLite catalog, and the tables' files in a bucket. The S3 server is the demo's own: it
      # runs while the demo runs, on the loopback address, and its keys are no secret. For S3 itself leave
      # s3.endpoint and s3.path-style-access out; the AWS SDK finds keys and region in the environment.
      """
          + lines(catalog());
    }

    @Override
    public void close() {
      server.close();
    }
  }

  /** Another lake, whose catalog this process alone opens and serves. */
  record BehindRest(DemoLake files, Catalog opened, RestCatalog server, boolean atomic)
      implements DemoLake {
    private static final Pattern OF_FILES = Pattern.compile("io-impl|(s3|client)\\..*");

    private static DemoLake start(DemoLake files, boolean atomic) {
      Catalog opened = Lake.open(Lake.DEFAULT_NAME, files.catalog());
      return new BehindRest(files, opened, RestCatalog.before(opened), atomic);
    }

    @Override
    public Storage storage() {
      return files.storage();
    }

    @Override
    public Map<String, String> catalog() {
      Map<String, String> properties = new HashMap<>(files.catalog());
      properties.keySet().removeIf(key -> !OF_FILES.matcher(key).matches());
      properties.putAll(server.properties());
      return Map.copyOf(properties);
    }

    @Override
    public String settings() {
      return """
      # The lake: a REST catalog, which runs as long as the command that has written this.
      debezium.sink.iceberg.commit.atomic=%s
      """
              .formatted(atomic)
          + lines(catalog());
    }

    @Override
    public void close() {
      server.close();
      try (files;
          Closeable closing = Lake.closing(opened)) {
        // Both are to be closed, in this order.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String lines(Map<String, String> properties) {
    return new TreeMap<>(properties)
        .entrySet().stream()
            .map(e -> "debezium.sink.iceberg.%s=%s".formatted(e.getKey(), escaped(e.getValue())))
            .collect(Collectors.joining("\n"));
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\");
  }
}
