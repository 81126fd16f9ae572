package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code ./firn sql} as a user starts it, in a process of its own. */
public final class SqlCommandLine {
  /** What is in the environment as LAKE_PASSWORD. */
  public static final String SECRET = "hidden-f3a1";

  /** How it ended. */
  public record Run(int exit, List<String> out, String err) {
    public Run {
      out = List.copyOf(out);
    }

    /** Skips the test where the machine lacks what Trino needs. */
    public void assumeTrino() {
      assumeFalse(
          err.contains("it needs a JDK 25") || err.contains("could not be fetched"),
          "firn sql needs a JDK 25 and Trino's jars: " + err);
    }
  }

  private SqlCommandLine() {}

  /** Runs it to its end, with nothing to read. */
  public static Run run(Path folder, List<String> arguments)
      throws IOException, InterruptedException {
    Path err = folder.resolve("err");
    Process process = start(err, arguments);
    process.getOutputStream().close();
    List<String> out = new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    return new Run(process.waitFor(), out, Files.readString(err));
  }

  /**
   * Starts it.
   *
   * @param err the file that gets what it writes besides answers
   */
  public static Process start(Path err, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", Path.of("..", "firn").toString(), "sql"));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().put("FIRN_NO_BUILD", "1");
    builder.environment().put("LAKE_PASSWORD", SECRET);
    return builder.start();
  }

  /** Writes the configuration of a pipeline whose lake has these settings. */
  public static Path config(Path folder, Map<String, String> lake) throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector",
                "debezium.source.database.hostname=localhost",
                "debezium.source.database.user=u",
                "debezium.source.database.password=p",
                "debezium.source.database.dbname=d"));
    lake.forEach((key, value) -> lines.add("debezium.sink.iceberg.%s=%s".formatted(key, value)));
    return Files.write(folder.resolve("firn.properties"), lines);
  }
}
