package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The sink's process is killed ({@code kill -9}) again and again in the middle of a load.
 *
 * <p>{@code -Dfirn.kills=N} kills N times on each of PostgreSQL 16, 17 and 18; {@code
 * -Dfirn.seed=S} chooses other moments.
 */
class SinkKilledIT {
  private static final int KILLS = Integer.getInteger("firn.kills", 3);
  private static final long SEED = Long.getLong("firn.seed", 20261120);
  private static final int RATE = 150;

  @TempDir private Path folder;

  static List<Integer> majors() {
    return System.getProperty("firn.kills") == null ? List.of(18) : DemoSettings.POSTGRES;
  }

  @ParameterizedTest
  @MethodSource("majors")
  void killedAgainAndAgainNothingIsLostOrDoubled(int major)
      throws SQLException, InterruptedException {
    SplittableRandom random = new SplittableRandom(SEED + major);
    try (PostgresServer server = PostgresServer.start(major)) {
      Shop shop = Shop.open(server);
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink = Sinks.start(server, folder);
          FreshnessProbe probe = FreshnessProbe.start(lake);
          Load load = Load.start(shop, RATE, 1, probe)) {
        for (int kill = 1; kill <= KILLS; kill++) {
          // Every third time without waiting: in its start, or in the initial snapshot.
          if (kill % 3 != 1) {
            awaitNewBatch(lake, sink);
          }
          Sinks.pause(random.nextLong(kill % 3 == 1 ? 4000 : 1500));
          sink.kill();
          Sinks.awaitRestart(sink, kill);
        }
        load.close();
        assertThat(load.failure()).isEmpty();
        CatchUp.await(lake, sink, shop.mark());
      }
      Sinks.assertEqual(shop, lake);
    }
  }

  private static void awaitNewBatch(LakeView lake, SinkProcess sink) throws InterruptedException {
    OptionalLong before = newest(lake);
    while (newest(lake).equals(before)) {
      assertThat(sink.failure()).isEmpty();
      Sinks.pause(100);
    }
  }

  private static OptionalLong newest(LakeView lake) {
    return lake.table("orders").map(LakeView::batch).orElse(OptionalLong.empty());
  }
}
