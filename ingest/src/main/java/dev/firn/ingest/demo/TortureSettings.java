package dev.firn.ingest.demo;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;

/**
 * What the torture is to do.
 *
 * @param kills how often the sink's process is killed
 * @param seconds how long the load runs, or longer until the last kill
 * @param rate transactions per second, and about as many rows by COPY in each of two tables
 * @param snapshotRows rows that the initial snapshot finds in its large table
 * @param seed of the plan and of the moments
 * @param postgres major version
 * @param program how the sink is started
 */
record TortureSettings(
    int kills,
    int seconds,
    int rate,
    int snapshotRows,
    long seed,
    int postgres,
    DemoLake.Storage storage,
    DemoLake.Access access,
    Program program) {
  TortureSettings {
    requireNonNull(storage, "storage is null");
    requireNonNull(access, "access is null");
    requireNonNull(program, "program is null");
    require(kills >= 1 && kills <= 10_000, "--kills " + kills + ": 1 to 10000");
    require(seconds >= 1 && seconds <= 86_400, "--seconds " + seconds + ": 1 to 86400");
    require(rate >= 1 && rate <= 100_000, "--rate " + rate + ": 1 to 100000");
    require(DemoSettings.POSTGRES.contains(postgres), "--pg " + postgres + ": 16, 17 or 18");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new CommandException(CommandException.USAGE, message);
    }
  }
}
