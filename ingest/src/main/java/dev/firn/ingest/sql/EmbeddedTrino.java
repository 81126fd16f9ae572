package dev.firn.ingest.sql;

import dev.firn.ingest.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Trino in a process of its own, which ends when it is closed and when this process does, however
 * that ends.
 */
public final class EmbeddedTrino implements AutoCloseable {
  private static final String READY = "listening on ";
  private static final Pattern LISTED = Pattern.compile("^\\d+\\) ");
  private static final Pattern CAUSE = Pattern.compile("^Caused by: |Exception: |Error: ");
  private static final long START_SECONDS = 180;
  private static final long STOP_SECONDS = 10;

  private final Process process;
  private final Path folder;
  private final String address;
  private final String user;

  private EmbeddedTrino(Process process, Path folder, String address, String user) {
    this.process = process;
    this.folder = folder;
    this.address = address;
    this.user = user;
  }

  /**
   * Starts it and returns when it answers.
   *
   * @param catalog the properties of its one catalog, which no other user of the machine can see
   * @throws CommandException it does not start
   */
  public static EmbeddedTrino start(
      TrinoInstallation installation, String name, Map<String, String> catalog)
      throws InterruptedException {
    try {
      // For this user's eyes only.
      Path folder = Files.createTempDirectory("firn-sql");
      Path log = folder.resolve("trino.log");
      Process process =
          new ProcessBuilder(installation.command(folder, name))
              .directory(folder.toFile())
              .redirectError(log.toFile())
              .start();
      return start(process, folder, catalog);
    } catch (IOException e) {
      throw new CommandException(
          CommandException.USAGE, "cannot start Trino: " + e.getMessage(), e);
    }
  }

  private static EmbeddedTrino start(Process process, Path folder, Map<String, String> catalog)
      throws InterruptedException {
    // Whoever knows the name may ask: nobody else of the machine does.
    String user = UUID.randomUUID().toString();
    try {
      tell(process.getOutputStream(), user, catalog);
      BufferedReader lines = process.inputReader();
      String ready =
          CompletableFuture.supplyAsync(() -> firstLine(lines), Thread.ofVirtual()::start)
              .get(START_SECONDS, TimeUnit.SECONDS);
      return new EmbeddedTrino(process, folder, ready.substring(READY.length()), user);
    } catch (IOException | ExecutionException | TimeoutException e) {
      String why = reason(folder.resolve("trino.log"));
      process.destroyForcibly().waitFor();
      remove(folder);
      throw new CommandException(
          CommandException.USAGE, "the embedded Trino did not start: " + why, e);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      remove(folder);
      throw e;
    }
  }

  /** Its standard input stays open: its end is Trino's. */
  private static void tell(OutputStream in, String user, Map<String, String> catalog)
      throws IOException {
    Properties properties = new Properties();
    properties.putAll(catalog);
    StringWriter text = new StringWriter();
    properties.store(text, null);
    in.write((user + "\n" + text + ".\n").getBytes(StandardCharsets.ISO_8859_1));
    in.flush();
  }

  private static String firstLine(BufferedReader lines) {
    return lines
        .lines()
        .filter(line -> line.startsWith(READY))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("it ended"));
  }

  /** The lines of its log that say so best: of a list of errors, else the innermost cause. */
  private static String reason(Path log) {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
      List<String> said =
          lines
              .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "").replace('\t', ' ').strip())
              .toList();
      String listed =
          said.stream()
              .filter(line -> LISTED.matcher(line).find())
              .collect(Collectors.joining(" "));
      if (!listed.isEmpty()) {
        return listed;
      }
      return said.stream()
          .filter(line -> CAUSE.matcher(line).find())
          .reduce((first, second) -> second)
          .orElse("it does not say why");
    } catch (IOException | UncheckedIOException e) {
      return e.toString();
    }
  }

  /** A connection in UTC, so that times read the same on every machine. */
  public Connection connect(String catalog) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("timezone", "UTC");
    properties.setProperty("source", "firn sql");
    return DriverManager.getConnection(
        "jdbc:trino://%s/%s".formatted(address, catalog), properties);
  }

  /** Ends it. */
  @Override
  public void close() {
    try {
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
    remove(folder);
  }

  private static void remove(Path folder) {
    try (Stream<Path> found = Files.walk(folder)) {
      List<Path> files = found.sorted(Comparator.reverseOrder()).toList();
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // It has removed it itself.
    } catch (IOException | UncheckedIOException e) {
      // A folder of temporary files: the machine removes it.
    }
  }
}
