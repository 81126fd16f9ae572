import io.airlift.log.Logging;
import io.trino.plugin.iceberg.IcebergPlugin;
import io.trino.spi.type.TimeZoneKey;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.TestingSession;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * A Trino of one process with one catalog, whose properties file is the argument; its file name is
 * the catalog's name.
 *
 * <p>Run from source, because Trino's classes are newer than the JDK that may build Firn. Prints
 * {@code listening on HOST:PORT} when it answers, and ends when its standard input does.
 */
public final class TrinoServer {
  private TrinoServer() {}

  public static void main(String[] arguments) throws Exception {
    // Trino takes standard output over.
    PrintStream out = System.out;
    Logging.initialize();
    Path file = Path.of(arguments[0]);
    Map<String, String> properties = read(file);
    try (DistributedQueryRunner trino = start()) {
      trino.installPlugin(new IcebergPlugin());
      trino.createCatalog(
          file.getFileName().toString().replace(".properties", ""),
          properties.remove("connector.name"),
          properties);
      out.println("listening on " + trino.getCoordinator().getBaseUrl().getAuthority());
      System.in.transferTo(OutputStream.nullOutputStream());
    }
    System.exit(0);
  }

  private static DistributedQueryRunner start() throws Exception {
    return DistributedQueryRunner.builder(
            TestingSession.testSessionBuilder().setTimeZoneKey(TimeZoneKey.UTC_KEY).build())
        .setWorkerCount(0)
        .build();
  }

  private static Map<String, String> read(Path file) throws Exception {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    Map<String, String> map = new TreeMap<>();
    properties.forEach((key, value) -> map.put((String) key, (String) value));
    return map;
  }
}
