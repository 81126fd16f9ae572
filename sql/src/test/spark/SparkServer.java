import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.unsafe.types.VariantVal;

/**
 * A Spark of one process. Its argument is a folder for what it leaves behind.
 *
 * <p>Run from source, on a JDK of Spark's own. Each line of its standard input is {@code open} and a
 * file of Spark's properties, for a session with these, or a statement for the last session. It
 * answers with a line of {@code columns} or {@code error}, a line for each {@code row}, and {@code
 * end}; values are separated by tabs, and tabs, line breaks and backslashes in them are escaped as in
 * Java. Ends when its standard input does.
 */
public final class SparkServer {
  /** Before a document, so that it is told from a text. */
  private static final String DOCUMENT = "\u0001";

  private static final int MOST_CHARACTERS = 2000;
  private static final String OPEN = "open ";
  private static final String CATALOG = "spark.sql.catalog.";

  private SparkServer() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Only answers go there.
    System.setOut(System.err);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    SparkSession spark = null;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith(OPEN)) {
        Properties properties = read(Path.of(line.substring(OPEN.length())));
        if (spark == null) {
          spark = start(properties, Path.of(arguments[0]));
        }
        spark = withCatalogs(spark, properties);
        out.println("columns\nend");
      } else {
        out.println(answer(spark, line) + "end");
      }
    }
    System.exit(0);
  }

  private static Properties read(Path file) throws Exception {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    return properties;
  }

  /** Starts it without a catalog: all sessions would have what a start sets. */
  private static SparkSession start(Properties properties, Path folder) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", folder.resolve("local").toString())
            .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toUri().toString())
            .config("spark.sql.session.timeZone", "UTC")
            // Values are of java.time, which has one calendar for all centuries.
            .config("spark.sql.datetime.java8API.enabled", "true")
            .config("spark.sql.shuffle.partitions", "2");
    for (String key : properties.stringPropertyNames()) {
      if (!key.startsWith(CATALOG)) {
        builder.config(key, properties.getProperty(key));
      }
    }
    SparkSession spark = builder.getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    return spark;
  }

  /** A session with these catalogs and no others; what only a start can set stays as it is. */
  private static SparkSession withCatalogs(SparkSession spark, Properties properties) {
    SparkSession session = spark.newSession();
    for (String key : properties.stringPropertyNames()) {
      if (key.startsWith(CATALOG)) {
        session.conf().set(key, properties.getProperty(key));
      }
    }
    SparkSession.setActiveSession(session);
    return session;
  }

  private static String answer(SparkSession spark, String statement) {
    StringBuilder lines = new StringBuilder();
    try {
      Dataset<Row> result = spark.sql(statement);
      line(lines, "columns", (Object[]) result.columns());
      for (Row row : result.collectAsList()) {
        Object[] values = new Object[row.length()];
        for (int i = 0; i < values.length; i++) {
          values[i] = row.get(i);
        }
        line(lines, "row", values);
      }
    } catch (Exception e) {
      lines.setLength(0);
      line(lines, "error", because(e));
    }
    return lines.toString();
  }

  /** An exception and its causes, the first line of each. */
  private static String because(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      text.append(text.isEmpty() ? "" : "; ").append(cause.toString().split("\n")[0]);
    }
    return text.substring(0, Math.min(text.length(), MOST_CHARACTERS));
  }

  private static void line(StringBuilder lines, String kind, Object... values) {
    lines.append(kind);
    for (Object value : values) {
      lines.append('\t').append(escaped(text(value)));
    }
    lines.append('\n');
  }

  private static String text(Object value) {
    if (value == null) {
      return "NULL";
    }
    if (value instanceof byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }
    if (value instanceof Float number) {
      // JDKs differ in the shortest decimals for them.
      return Float.toHexString(number);
    }
    if (value instanceof Double number) {
      return Double.toHexString(number);
    }
    if (value instanceof scala.collection.Seq<?> list) {
      List<String> texts = new ArrayList<>();
      list.iterator().foreach(element -> texts.add(text(element)));
      return texts.toString();
    }
    if (value instanceof scala.collection.Map<?, ?> map) {
      Map<String, String> texts = new TreeMap<>();
      map.iterator().foreach(entry -> texts.put(text(entry._1()), text(entry._2())));
      return texts.toString();
    }
    if (value instanceof VariantVal document) {
      return DOCUMENT + document;
    }
    if (value instanceof Row struct) {
      return IntStream.range(0, struct.length())
          .mapToObj(i -> text(struct.get(i)))
          .toList()
          .toString();
    }
    return value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
  }
}
