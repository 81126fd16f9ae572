package dev.firn.sql;

import dev.firn.testing.S3Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A real Spark in a process of its own; ends when this process does. */
final class Spark {
  /** The JDKs that Spark 4.1 is made for. */
  static final int MIN_JDK = 17;

  static final int MAX_JDK = 21;

  static final String NO_JDK =
      "Spark needs a JDK from %d to %d; none in JAVA_HOME or the usual folders (FIRN_JDK_DIRS)"
          .formatted(MIN_JDK, MAX_JDK);

  private static final long START_SECONDS = 300;

  /** What the server puts before one. */
  private static final String DOCUMENT = "\u0001";

  private static final Path LOG = Path.of("target", "spark.log");
  private static final Path LEFT_BEHIND = Path.of("target", "spark");
  private static final List<String> OPENED =
      List.of(
          "java.base/java.lang",
          "java.base/java.lang.invoke",
          "java.base/java.lang.reflect",
          "java.base/java.io",
          "java.base/java.net",
          "java.base/java.nio",
          "java.base/java.util",
          "java.base/java.util.concurrent",
          "java.base/java.util.concurrent.atomic",
          "java.base/jdk.internal.ref",
          "java.base/sun.nio.ch",
          "java.base/sun.nio.cs",
          "java.base/sun.security.action",
          "java.base/sun.util.calendar");

  private final BufferedReader answers;
  private final Writer statements;

  private Spark(Process process) {
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.statements = process.outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * Opens a lake in the one Spark that all tests of this process share, one after the other: a
   * start takes as long as many questions.
   *
   * @param java of a JDK that Spark runs on
   * @param folder where the session's copy of the catalog's file is kept
   */
  static Engine open(Path java, CatalogFile catalog, Path folder) {
    Spark spark = Shared.of(java);
    try {
      Path properties = folder.resolve("spark.conf");
      catalog.write(Path.of("spark", "catalog", catalog.name() + ".conf"), properties);
      var unused =
          CompletableFuture.supplyAsync(
                  () -> spark.ask("open " + properties), Thread.ofVirtual()::start)
              .orTimeout(START_SECONDS, TimeUnit.SECONDS)
              .join();
      return spark::ask;
    } catch (CompletionException e) {
      throw new IllegalStateException("Spark opened no session; its log is " + LOG, e);
    }
  }

  /** The one of this process; it ends with it. */
  private static final class Shared {
    private static @Nullable Spark spark;

    private Shared() {}

    static synchronized Spark of(Path java) {
      if (spark == null) {
        spark = start(java);
      }
      return spark;
    }
  }

  private static Spark start(Path java) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command(java));
      // Else it asks for the name of this machine, which may have none.
      builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
      // Where a user's machine has the keys: they are in no file of the catalog.
      builder.environment().put("AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY);
      builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY);
      Process process = builder.redirectError(LOG.toFile()).start();
      return new Spark(process);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> command(Path java) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(List.of("-Xmx640m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    OPENED.forEach(opened -> command.add("--add-opens=" + opened + "=ALL-UNNAMED"));
    command.add("-cp");
    command.add(Files.readString(Path.of("spark-server", "target", "class-path")).strip());
    command.add(Path.of("src", "test", "spark", "SparkServer.java").toString());
    command.add(LEFT_BEHIND.toString());
    return command;
  }

  private String line() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw new IllegalStateException("Spark has ended");
      }
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Asks one statement, and waits for the answer.
   *
   * @throws Engine.Refused Spark answers with an error
   */
  private Answer ask(String statement) {
    try {
      statements.write(statement.replace('\n', ' ') + "\n");
      statements.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> columns = fields(line());
    List<List<String>> rows = new ArrayList<>();
    for (String line = line(); !line.equals("end"); line = line()) {
      List<String> row = fields(line);
      rows.add(row.subList(1, row.size()));
    }
    if (columns.getFirst().equals("error")) {
      throw new Engine.Refused(statement, columns.getLast());
    }
    return new Answer(columns.subList(1, columns.size()), rows);
  }

  private static List<String> fields(String line) {
    return Stream.of(line.split("\t", -1))
        .map(String::translateEscapes)
        .map(text -> text.startsWith(DOCUMENT) ? Values.json(text.substring(1)) : text)
        .toList();
  }

  /** The {@code java} of a JDK that Spark runs on. */
  static Optional<Path> findJava() {
    return Jdks.java(feature -> feature >= MIN_JDK && feature <= MAX_JDK);
  }
}
