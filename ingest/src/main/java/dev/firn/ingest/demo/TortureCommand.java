package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.CommandOutput;
import dev.firn.ingest.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn torture}. */
@Command(
    name = "torture",
    description = {
      "Kills, pauses and terminates the pipeline's process again and again, under load on a real",
      "PostgreSQL or MariaDB, and compares every value of the lake and of its changelogs with it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class TortureCommand implements Callable<Integer> {
  private static final int SNAPSHOT_ROWS = 80_000;

  @Option(
      names = "--kills",
      defaultValue = "25",
      paramLabel = "N",
      description = "How often it is killed with SIGKILL (default: ${DEFAULT-VALUE}).")
  private int kills;

  @Option(
      names = "--seconds",
      defaultValue = "240",
      paramLabel = "N",
      description = {
        "Over how long the kills are spread (default: ${DEFAULT-VALUE});",
        "it lasts longer where they need longer."
      })
  private int seconds;

  @Option(
      names = "--rate",
      defaultValue = "50",
      paramLabel = "N",
      description = "Transactions per second (default: ${DEFAULT-VALUE}).")
  private int rate;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Chooses what is done in which order, and when (default: another each time).")
  private @Nullable Long seed;

  @Option(
      names = "--source",
      defaultValue = "postgres",
      paramLabel = "postgres|mariadb",
      description = "The database (default: ${DEFAULT-VALUE}).")
  private String source = "postgres";

  @Option(
      names = "--pg",
      paramLabel = "16|17|18",
      description = "PostgreSQL's major version (default: 18).")
  private @Nullable Integer postgres;

  @Option(names = "--s3", description = "Keep the lake's files on an S3 server, which it starts.")
  private boolean s3;

  @Option(names = "--rest", description = "Put a REST catalog before the lake, which it starts.")
  private boolean rest;

  @Option(
      names = "--atomic",
      description = {
        "Commit all tables of a batch as one (commit.atomic=true),",
        "through such a REST catalog."
      })
  private boolean atomic;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = {
        "Keep everything that it makes in this folder, which must be empty",
        "(default: a temporary one, kept only when something is wrong)."
      })
  private @Nullable Path folder;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the report to this file, as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() throws InterruptedException {
    TortureSettings settings =
        new TortureSettings(
            kills,
            seconds,
            rate,
            SNAPSHOT_ROWS,
            Optional.ofNullable(seed).orElseGet(() -> new SplittableRandom().nextLong(1_000_000)),
            DemoSource.Kind.of(source),
            Optional.ofNullable(postgres),
            s3 ? DemoLake.Storage.S3 : DemoLake.Storage.LOCAL,
            access(),
            Program.own().with("-Xmx512m").shortRun());
    Path root = folder == null ? temporary() : folder;
    Screen screen = Screen.standard();
    try (Stopping unused = Stopping.onInterrupt();
        DemoFolder opened = DemoFolder.open(root)) {
      screen.line("");
      screen.line("  firn torture   in " + root);
      TortureReport report = Torture.run(settings, opened, screen);
      new TortureText(report).lines().forEach(screen::line);
      if (json != null) {
        CommandOutput.write(report.toJson() + System.lineSeparator(), json);
      }
      if (report.passed() && folder == null) {
        DemoFolder.remove(root);
      }
      return report.passed() ? 0 : CommandException.FAILED;
    } catch (InterruptedException e) {
      screen.line("  stopped   everything is ended");
      throw e;
    }
  }

  private DemoLake.Access access() {
    if (atomic) {
      return DemoLake.Access.REST_ATOMIC;
    }
    return rest ? DemoLake.Access.REST : DemoLake.Access.EMBEDDED;
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("firn-torture-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
