package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes are killed ({@code kill -9}) while the initial snapshot is being read, which is seen by
 * its branch.
 *
 * <p>{@code -Dfirn.kills=N} kills the sink N times; {@code -Dfirn.seed=S} chooses other moments.
 */
class SnapshotKilledIT {
  private static final int KILLS = Integer.getInteger("firn.kills", 2);
  private static final long SEED = Long.getLong("firn.seed", 20261121);

  /** So many that reading them takes some seconds, in a table that the load leaves alone. */
  private static final int ROWS = 150_000;

  private static final String TABLE = "returns";
  private static final String BRANCH = "firn_snapshot";
  private static final String OWN_SLOT = "firn_shop";
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

  @TempDir private Path folder;

  private final SplittableRandom random = new SplittableRandom(SEED);

  @Test
  void demoKilledAndRunAgainEndsEqualWithItsOneSlot() throws Exception {
    Path data = folder.resolve("postgres");
    Path json = folder.resolve("report.json");
    try {
      try (PostgresServer server = server(data)) {
        fill(Shop.open(server));
      }
      LakeView lake = LakeView.open(folder.resolve("lake"));
      Process demo = demo(json);
      long branch = awaitReading(lake, -1, demo.toHandle());
      Sinks.pause(random.nextLong(1500));
      demo.destroyForcibly();
      killSink();
      assertThat(demo.waitFor()).isEqualTo(137);
      assertUnpublished(lake, branch);

      Process again = demo(json);
      assertThat(again.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(again.exitValue()).as(said()).isZero();
      JsonNode report = new ObjectMapper().readTree(json.toFile());
      assertThat(report.get("equal").asBoolean()).as(said()).isTrue();
      assertThat(report.get("changelogEqual").asBoolean()).as(said()).isTrue();
      assertNoBranch(lake);
      try (PostgresServer server = server(data)) {
        assertThat(slots(server)).containsExactly(OWN_SLOT);
      }
    } finally {
      SinkProcess.endLeftover(folder.resolve("ingest.pid"));
      PostgresServer.endLeftover(data);
    }
  }

  @Test
  void sinkKilledAgainAndAgainEndsEqualAndDropsNoSlotOfOthers()
      throws SQLException, InterruptedException {
    try (PostgresServer server = PostgresServer.start(18)) {
      Shop shop = Shop.open(server);
      fill(shop);
      try (Connection connection = shop.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("SELECT pg_create_logical_replication_slot('somebody_else', 'pgoutput')");
      }
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink = Sinks.start(server, folder)) {
        long branch = -1;
        for (int kill = 1; kill <= KILLS; kill++) {
          branch = awaitReading(lake, branch, ProcessHandle.of(sink.pid()).orElseThrow());
          Sinks.pause(random.nextLong(1500));
          sink.kill();
          Sinks.awaitRestart(sink, kill);
          assertUnpublished(lake, branch);
          assertThat(slots(server)).contains("somebody_else").hasSizeLessThanOrEqualTo(2);
        }
        CatchUp.awaitTables(lake, sink, shop.mark());
        CatchUp.await(lake, sink, shop.mark());
      }
      Sinks.assertEqual(shop, lake);
      assertNoBranch(lake);
      assertThat(slots(server)).containsExactly(OWN_SLOT, "somebody_else");
    }
  }

  private static PostgresServer server(Path data) {
    return PostgresServer.start(PostgresServer.Settings.temporary(18).inFolder(data));
  }

  private static void fill(Shop shop) throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO shop.returns SELECT i, 1 + i %% 2000, 'reason no. ' || i, i %% 90,"
              .concat(" date '2026-06-01' + i %% 90 FROM generate_series(1, %d) AS i")
              .formatted(ROWS));
    }
  }

  /** A demo of a few seconds, in this test's folder. */
  private Process demo(Path json) throws IOException {
    List<String> command =
        BuiltApplication.program()
            .shortRun()
            .command(
                "demo",
                "--seconds",
                "3",
                "--rate",
                "100",
                "--dir",
                folder.toString(),
                "--json",
                json.toString());
    Process demo =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("demo.log").toFile()))
            .start();
    demo.getOutputStream().close();
    return demo;
  }

  private String said() throws IOException {
    return Files.readString(folder.resolve("demo.log"));
  }

  private void killSink() throws IOException {
    String pid = Files.readString(folder.resolve("ingest.pid")).split(" ", -1)[0];
    ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
  }

  /**
   * Waits until the table has a new branch for the initial snapshot.
   *
   * @param before the branch's newest snapshot when it was seen last
   */
  private static long awaitReading(LakeView lake, long before, ProcessHandle reader)
      throws InterruptedException {
    long start = System.nanoTime();
    while (true) {
      long now = lake.table(TABLE).map(SnapshotKilledIT::branch).orElse(-1L);
      if (now != -1 && now != before) {
        return now;
      }
      assertThat(reader.isAlive()).isTrue();
      assertThat(System.nanoTime() - start).isLessThan(PATIENCE_NANOS);
      Sinks.pause(20);
    }
  }

  private static long branch(Table table) {
    Snapshot newest = table.snapshot(BRANCH);
    return newest == null ? -1 : newest.snapshotId();
  }

  /** What was killed was still reading: its branch is there, and nothing for readers. */
  private static void assertUnpublished(LakeView lake, long branch) {
    Table table = lake.table(TABLE).orElseThrow();
    assertThat(table.snapshot(branch)).isNotNull();
    assertThat(table.refs()).containsKey(BRANCH);
    assertThat(table.currentSnapshot().summary())
        .containsEntry(SnapshotSummary.TOTAL_RECORDS_PROP, "0");
  }

  private static void assertNoBranch(LakeView lake) {
    for (String table : Shop.TABLES) {
      assertThat(lake.table(table).orElseThrow().refs()).as(table).doesNotContainKey(BRANCH);
    }
  }

  private static List<String> slots(PostgresServer server) throws SQLException {
    List<String> slots = new ArrayList<>();
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery("SELECT slot_name FROM pg_replication_slots ORDER BY 1")) {
      while (found.next()) {
        slots.add(found.getString(1));
      }
    }
    return slots;
  }
}
