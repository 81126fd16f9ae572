import io.airlift.log.Logging;
import io.trino.Session;
import io.trino.plugin.base.security.AllowAllSystemAccessControl;
import io.trino.plugin.iceberg.IcebergPlugin;
import io.trino.server.testing.TestingTrinoServer;
import io.trino.spi.QueryId;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.Identity;
import io.trino.testing.TestingSession;
import io.trino.testing.TestingTrinoClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.iceberg.inmemory.InMemoryFileIO;
import org.apache.iceberg.jdbc.JdbcCatalog;
import sun.misc.Signal;

/**
 * A Trino of one process with one catalog, for whoever has started it; it listens on the loopback
 * address alone.
 *
 * <p>Arguments: a folder of its own, which it removes as it ends, and the catalog's name. By standard
 * input come the name of the one user whom it serves, on a line of its own, and the catalog's
 * properties, up to a line of a single dot: no secret among them is seen in a command line or left
 * in a file. Prints {@code listening on HOST:PORT} when it answers, and ends when its standard input
 * does.
 *
 * <p>With the folder alone it fills a small lake in it, asks it a little and ends: with a JVM that
 * keeps what it has loaded, later ones start sooner.
 */
public final class TrinoServer {
  private static final String END_OF_CATALOG = "\n.\n";

  /** What a first question needs, on a table as a pipeline leaves it. */
  private static final List<String> REHEARSAL =
      List.of(
          "CREATE SCHEMA lake.shop",
          """
          CREATE TABLE lake.shop.orders WITH (format_version = 3) AS
          SELECT id, CAST(id AS integer) AS customer, 'paid' AS status, CAST(id AS decimal(10, 2)) AS total,
            current_timestamp AS at, current_date AS day
          FROM UNNEST(sequence(1, 1000)) AS t (id)
          """,
          "DELETE FROM lake.shop.orders WHERE id % 10 = 0",
          "SHOW SCHEMAS FROM lake",
          "SHOW TABLES FROM lake.shop",
          "DESCRIBE lake.shop.orders",
          "SELECT count(*) FROM lake.shop.orders",
          "SELECT * FROM lake.shop.orders WHERE status = 'paid' ORDER BY id LIMIT 10",
          "SELECT a.status, sum(b.total) FROM lake.shop.orders a JOIN lake.shop.orders b ON a.id = b.id GROUP BY 1",
          "SELECT snapshot_id, summary FROM lake.shop.\"orders$snapshots\"");

  private TrinoServer() {}

  public static void main(String[] arguments) throws Exception {
    // Trino takes standard output over.
    PrintStream out = System.out;
    // A keyboard's interrupt reaches all processes of its terminal, and is meant for a statement.
    Signal.handle(new Signal("INT"), signal -> {});
    Path folder = Path.of(arguments[0]);
    try {
      if (arguments.length == 1) {
        rehearse(folder);
      } else {
        serve(folder, arguments[1], out);
      }
    } catch (Throwable e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static void serve(Path folder, String name, PrintStream out) throws IOException {
    String[] given = readGiven(System.in).split("\n", 2);
    Thread.ofPlatform().daemon().start(() -> endAfter(System.in, folder));
    TestingTrinoServer trino =
        start(folder, new OneUser(given[0].strip()), name, properties(given[1]));
    out.println("listening on " + trino.getAddress());
  }

  private static void rehearse(Path folder) throws IOException {
    String uri = "jdbc:sqlite:" + folder + "/catalog.db";
    String warehouse = folder.resolve("warehouse").toUri().toString();
    makeTables(uri, warehouse);
    Map<String, String> catalog =
        new HashMap<>(
            Map.of(
                "connector.name", "iceberg",
                "iceberg.catalog.type", "jdbc",
                "iceberg.jdbc-catalog.catalog-name", "lake",
                "iceberg.jdbc-catalog.driver-class", "org.sqlite.JDBC",
                "iceberg.jdbc-catalog.connection-url", uri,
                "iceberg.jdbc-catalog.default-warehouse-dir", warehouse,
                "fs.local.enabled", "true",
                "local.location", "/"));
    Session session = TestingSession.testSessionBuilder().build();
    TestingTrinoServer trino = start(folder, new OneUser(session.getUser()), "lake", catalog);
    try (TestingTrinoClient client = new TestingTrinoClient(trino, session)) {
      REHEARSAL.forEach(client::execute);
    }
    System.exit(0);
  }

  /** Those of the catalog itself: Trino makes none. */
  private static void makeTables(String uri, String warehouse) throws IOException {
    Map<String, String> properties =
        Map.of(
            "uri", uri,
            "warehouse", warehouse,
            "jdbc.schema-version", "V1",
            "io-impl", InMemoryFileIO.class.getName());
    try (JdbcCatalog catalog = new JdbcCatalog()) {
      catalog.initialize("lake", properties);
    }
  }

  private static TestingTrinoServer start(
      Path folder, OneUser user, String name, Map<String, String> catalog) {
    Logging.initialize();
    TestingTrinoServer trino =
        TestingTrinoServer.builder()
            .setBaseDataDir(Optional.of(folder))
            .setProperties(Map.of("web-ui.enabled", "false"))
            .setSystemAccessControl(user)
            .build();
    trino.installPlugin(new IcebergPlugin());
    trino.createCatalog(name, catalog.remove("connector.name"), catalog);
    return trino;
  }

  private static String readGiven(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(END_OF_CATALOG) < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("no catalog was given");
      }
      text.append((char) next);
    }
    return text.substring(0, text.indexOf(END_OF_CATALOG));
  }

  private static Map<String, String> properties(String text) throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(text));
    Map<String, String> map = new HashMap<>();
    properties.forEach((key, value) -> map.put((String) key, (String) value));
    return map;
  }

  private static void endAfter(InputStream in, Path folder) {
    try {
      in.transferTo(OutputStream.nullOutputStream());
      remove(folder);
    } catch (IOException e) {
      e.printStackTrace();
    } finally {
      // Nothing that is read has to be put away, and nobody waits for it any more.
      Runtime.getRuntime().halt(0);
    }
  }

  private static void remove(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.walk(folder)) {
      files = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }

  /** Serves nobody else: every user of a machine can reach its loopback address. */
  private static final class OneUser extends AllowAllSystemAccessControl {
    private final String name;

    OneUser(String name) {
      this.name = name;
    }

    private void require(Identity identity) {
      if (!identity.getUser().equals(name)) {
        throw new AccessDeniedException("this Trino serves one user");
      }
    }

    @Override
    public void checkCanImpersonateUser(Identity identity, String user) {
      require(identity);
    }

    @Override
    public void checkCanReadSystemInformation(Identity identity) {
      require(identity);
    }

    @Override
    public void checkCanExecuteQuery(Identity identity, QueryId query) {
      require(identity);
    }

    @Override
    public void checkCanViewQueryOwnedBy(Identity identity, Identity owner) {
      require(identity);
    }

    @Override
    public void checkCanKillQueryOwnedBy(Identity identity, Identity owner) {
      require(identity);
    }

    @Override
    public Collection<Identity> filterViewQueryOwnedBy(
        Identity identity, Collection<Identity> owners) {
      return identity.getUser().equals(name) ? owners : List.of();
    }
  }
}
