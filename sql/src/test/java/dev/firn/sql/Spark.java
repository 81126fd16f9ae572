package dev.firn.sql;

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

/** A real Spark in a process of its own; ends when it is closed, or when this process does. */
final class Spark implements AutoCloseable {
  /** The JDKs that Spark 4.1 is made for. */
  static final int MIN_JDK = 17;

  static final int MAX_JDK = 21;

  private static final long START_SECONDS = 120;
  private static final long STOP_SECONDS = 20;
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

  private final Process process;
  private final BufferedReader answers;
  private final Writer statements;

  /** Spark answered a statement with an error. */
  static final class Refused extends RuntimeException {
    Refused(String statement, String reason) {
      super(statement + ": " + reason);
    }
  }

  private Spark(Process process) {
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.statements = process.outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * Starts it and returns when it answers.
   *
   * @param properties a file of Spark's properties
   * @param folder for what it leaves behind
   */
  static Spark start(Path java, Path properties, Path folder, Path log) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command(java, properties, folder));
      // Else it asks for the name of this machine, which may have none.
      builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
      Process process = builder.redirectError(log.toFile()).start();
      Spark spark = new Spark(process);
      try {
        CompletableFuture.runAsync(spark::awaitReady)
            .orTimeout(START_SECONDS, TimeUnit.SECONDS)
            .join();
        return spark;
      } catch (CompletionException e) {
        process.destroyForcibly();
        throw new IllegalStateException("Spark did not start; its log is " + log, e);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> command(Path java, Path properties, Path folder) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(List.of("-Xmx640m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    OPENED.forEach(opened -> command.add("--add-opens=" + opened + "=ALL-UNNAMED"));
    command.add("-cp");
    command.add(Files.readString(Path.of("spark-server", "target", "class-path")).strip());
    command.add(Path.of("src", "test", "spark", "SparkServer.java").toString());
    command.add(properties.toString());
    command.add(folder.toString());
    return command;
  }

  private void awaitReady() {
    if (!"ready".equals(line())) {
      throw new IllegalStateException("it ended");
    }
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
   * @throws Refused Spark answers with an error
   */
  Answer ask(String statement) {
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
      throw new Refused(statement, columns.getLast());
    }
    return new Answer(columns.subList(1, columns.size()), rows);
  }

  private static List<String> fields(String line) {
    return List.of(line.split("\t", -1));
  }

  @Override
  public void close() {
    try {
      statements.close();
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The {@code java} of a JDK that Spark runs on. */
  static Optional<Path> findJava() {
    return Jdks.java(feature -> feature >= MIN_JDK && feature <= MAX_JDK);
  }
}
