package dev.firn.sql;

import dev.firn.testing.S3Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** A real Trino in a process of its own; ends when it is closed, or when this process does. */
final class Trino implements AutoCloseable {
  /** The oldest JDK that Trino runs on. */
  static final int MIN_JDK = 25;

  static final String NO_JDK =
      "Trino needs a JDK %d or newer; none in JAVA_HOME or the usual folders (FIRN_JDK_DIRS)"
          .formatted(MIN_JDK);

  private static final String USER = "auditor";
  private static final String READY = "listening on ";
  private static final long START_SECONDS = 300;
  private static final long STOP_SECONDS = 20;

  private final Process process;
  private final String authority;

  private Trino(Process process, String authority) {
    this.process = process;
    this.authority = authority;
  }

  /**
   * Starts it and returns when it answers.
   *
   * @param catalog the properties file of its one catalog, named like the catalog
   * @param log where its log goes
   */
  static Trino start(Path java, Path catalog, Path log) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command(java, catalog));
      // Where a user's machine has the keys: the file of the catalog names them, ${ENV:...}.
      builder.environment().put("AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY);
      builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY);
      Process process = builder.redirectError(log.toFile()).start();
      OutputStream in = process.getOutputStream();
      in.write(
          (USER + "\n" + Files.readString(catalog) + "\n.\n")
              .getBytes(StandardCharsets.ISO_8859_1));
      in.flush();
      BufferedReader lines = process.inputReader();
      try {
        String line =
            CompletableFuture.supplyAsync(() -> firstLine(lines), Thread.ofVirtual()::start)
                .orTimeout(START_SECONDS, TimeUnit.SECONDS)
                .join();
        drain(process.getInputStream());
        return new Trino(process, line.substring(READY.length()));
      } catch (CompletionException e) {
        process.destroyForcibly();
        throw new IllegalStateException("Trino did not start; its log is " + log, e);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> command(Path java, Path catalog) throws IOException {
    Path server = Path.of("trino-server");
    return List.of(
        java.toString(),
        "@" + server.resolve("src/trino.options"),
        // The launcher puts its classes beside the server's instead.
        "--add-modules=jdk.incubator.vector",
        "-cp",
        Files.readString(server.resolve("target/class-path")).strip(),
        server.resolve("src/TrinoServer.java").toString(),
        Files.createTempDirectory("firn-trino").toString(),
        catalog.getFileName().toString().replace(".properties", ""));
  }

  private static String firstLine(BufferedReader lines) {
    return lines
        .lines()
        .filter(line -> line.startsWith(READY))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("it ended"));
  }

  private static void drain(InputStream output) {
    Thread.ofVirtual()
        .start(() -> {
          try {
            output.transferTo(OutputStream.nullOutputStream());
          } catch (IOException e) {
            // It has ended.
          }
        });
  }

  /** A connection in UTC, so that times read the same on every machine. */
  Connection connect() throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", USER);
    properties.setProperty("timezone", "UTC");
    return DriverManager.getConnection("jdbc:trino://" + authority, properties);
  }

  @Override
  public void close() {
    try {
      // The end of its input is its own; it removes its folder.
      process.getOutputStream().close();
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

  /** The {@code java} of a JDK that Trino runs on. */
  static Optional<Path> findJava() {
    return Jdks.java(feature -> feature >= MIN_JDK);
  }
}
