package dev.firn.ingest.demo;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import java.util.Optional;

/**
 * What the torture is to do.
 *
 * @param kills how often the sink's process is killed
 * @param seconds how long the load runs, or longer until the last kill
 * @param rate transactions per second, and about as many rows at once in each of two tables
 * @param snapshotRows rows that the initial snapshot finds in its large table
 * @param seed of the plan and of the moments
 * @param source the kind of its database
 * @param postgres the major version of a PostgreSQL; empty: the newest
 * @param program how the sink is started
 */
record TortureSettings(
    int kills,
    int seconds,
    int rate,
    int snapshotRows,
    long seed,
    DemoSource.Kind source,
    Optional<Integer> postgres,
    DemoLake.Storage storage,
    DemoLake.Access access,
    Program program) {
  TortureSettings {
    requireNonNull(source, "source is null");
    requireNonNull(storage, "storage is null");
    requireNonNull(access, "access is null");
    requireNonNull(program, "program is null");
    require(kills >= 1 && kills <= 10_000, "--kills " + kills + ": 1 to 10000");
    require(seconds >= 1 && seconds <= 86_400, "--seconds " + seconds + ": 1 to 86400");
    require(rate >= 1 && rate <= 100_000, "--rate " + rate + ": 1 to 100000");
    source.requireHas(postgres);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new CommandException(CommandException.USAGE, message);
    }
  }
}
