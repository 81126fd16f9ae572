package dev.firn.ingest.demo;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the demo is to do.
 *
 * @param seconds how long the load runs
 * @param rate transactions per second
 * @param folder where everything it makes lies
 * @param json where the report goes as JSON
 * @param source its database; empty: the folder's, or PostgreSQL
 * @param postgres the major version; empty: the folder's, or the newest
 * @param storage where the lake keeps its files; empty: the folder's, or local
 * @param archive where the sink's JVM keeps what it has loaded, see {@link Program#recording}
 */
record DemoSettings(
    int seconds,
    int rate,
    Path folder,
    Optional<Path> json,
    Optional<DemoSource.Kind> source,
    Optional<Integer> postgres,
    Optional<DemoLake.Storage> storage,
    Optional<Path> archive) {
  static final List<Integer> POSTGRES = List.of(16, 17, 18);

  DemoSettings {
    requireNonNull(folder, "folder is null");
    requireNonNull(json, "json is null");
    requireNonNull(source, "source is null");
    requireNonNull(postgres, "postgres is null");
    requireNonNull(storage, "storage is null");
    requireNonNull(archive, "archive is null");
    require(seconds >= 1 && seconds <= 86_400, "--seconds " + seconds + ": 1 to 86400");
    require(rate >= 1 && rate <= 100_000, "--rate " + rate + ": 1 to 100000");
    source.orElse(DemoSource.Kind.POSTGRES).requireHas(postgres);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new CommandException(CommandException.USAGE, message);
    }
  }
}
