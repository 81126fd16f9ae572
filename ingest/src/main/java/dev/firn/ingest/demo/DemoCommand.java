package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.CommandOutput;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn demo}. */
@Command(
    name = "demo",
    description = {
      "A shop on a real PostgreSQL or MariaDB, its changes in an Iceberg lake, and whether both are equal.",
      "Run again on the same folder, it goes on where it ended."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--seconds",
      defaultValue = "30",
      paramLabel = "N",
      description = "How long the load runs (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--rate",
      defaultValue = "200",
      paramLabel = "N",
      description = "Transactions per second (default: ${DEFAULT-VALUE}).")
  private int rate;

  @Option(
      names = "--dir",
      defaultValue = "firn-home",
      paramLabel = "DIR",
      description = "Where everything lies that it makes (default: ./${DEFAULT-VALUE}).")
  private Path folder = Path.of("firn-home");

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the report to this file, as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--pg",
      paramLabel = "16|17|18",
      description = "PostgreSQL's major version (default: the folder's, or 18).")
  private @Nullable Integer postgres;

  @Option(
      names = "--source",
      paramLabel = "postgres|mariadb",
      description = "The database (default: the folder's, or postgres).")
  private @Nullable String source;

  @Option(
      names = "--s3",
      description = {
        "Keep the lake's files on an S3 server, which it starts, too.",
        "A folder keeps what its first run has chosen."
      })
  private boolean s3;

  // For the launcher, after a build.
  @Option(names = "--archive", paramLabel = "FILE", hidden = true)
  private @Nullable Path archive;

  @Override
  public Integer call() throws InterruptedException {
    DemoSettings settings =
        new DemoSettings(
            seconds,
            rate,
            folder,
            Optional.ofNullable(json),
            Optional.ofNullable(source).map(DemoSource.Kind::of),
            Optional.ofNullable(postgres),
            s3 ? Optional.of(DemoLake.Storage.S3) : Optional.empty(),
            Optional.ofNullable(archive));
    Screen screen = Screen.standard();
    try (Stopping unused = Stopping.onInterrupt()) {
      screen.line("");
      screen.line("  firn demo   in " + settings.folder());
      DemoReport report = Demo.run(settings, screen);
      settings
          .json()
          .ifPresent(file -> CommandOutput.write(report.toJson() + System.lineSeparator(), file));
      return report.equal() && report.changelogEqual() ? 0 : CommandException.FAILED;
    } catch (InterruptedException e) {
      screen.line("  stopped   everything is ended; the same command goes on from here");
      throw e;
    }
  }
}
