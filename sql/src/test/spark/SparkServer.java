import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A Spark of one process. Its arguments are a file of Spark's properties and a folder for what it
 * leaves behind.
 *
 * <p>Run from source, on a JDK of Spark's own. Prints {@code ready} when it answers. Then each line
 * of its standard input is a statement, which it answers with a line of {@code columns} or {@code
 * error}, a line for each {@code row}, and {@code end}; values are separated by tabs. Ends when its
 * standard input does.
 */
public final class SparkServer {
  private static final int MOST_CHARACTERS = 2000;

  private SparkServer() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Only answers go there.
    System.setOut(System.err);
    SparkSession spark = start(Path.of(arguments[0]), Path.of(arguments[1]));
    out.println("ready");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String statement = in.readLine(); statement != null; statement = in.readLine()) {
      out.println(answer(spark, statement) + "end");
    }
    spark.stop();
    System.exit(0);
  }

  private static SparkSession start(Path file, Path folder) throws Exception {
    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", folder.resolve("local").toString())
            .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toUri().toString())
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "2");
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    properties.forEach((key, value) -> builder.config((String) key, (String) value));
    SparkSession spark = builder.getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    return spark;
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
      lines.append('\t').append(value == null ? "NULL" : value.toString().replaceAll("\\s", " "));
    }
    lines.append('\n');
  }
}
