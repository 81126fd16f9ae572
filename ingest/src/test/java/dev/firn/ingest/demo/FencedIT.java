package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.ingest.StepsFile;
import dev.firn.testing.PostgresServer;
import dev.firn.writer.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sink stands still (SIGSTOP), another one takes its place, and then it goes on (SIGCONT): it
 * commits nothing more, and ends with exit code 3 and the name of the other one.
 */
class FencedIT {
  private static final int ATTEMPTS = 40;
  private static final int LOOKS = 500;
  private static final Duration FENCED_WITHIN = Duration.ofSeconds(60);
  private static final long PATIENCE_NANOS = Duration.ofMinutes(2).toNanos();
  private static final int RATE = 40;

  @TempDir private Path root;

  private PostgresServer server;
  private Shop shop;
  private DemoFolder folder;
  private LakeView lake;
  private Signals signals;

  @BeforeEach
  void open() throws SQLException {
    server = PostgresServer.start(18);
    shop = Shop.open(server);
    folder = DemoFolder.open(root);
    DemoLake local = DemoLake.open(folder, DemoLake.Storage.LOCAL);
    IngestConfig.write(folder, server, local);
    lake = LakeView.open(folder.lake(), local);
    signals = Signals.open();
  }

  @AfterEach
  void close() {
    signals.close();
    folder.close();
    server.close();
  }

  @Test
  void pausedBetweenTheValidationOfACommitAndItsSwapItCommitsNothing() throws Exception {
    try (Victim first = start(1);
        Load load = load()) {
      awaitBatchAfter(1);
      long pid = first.sink().pid();
      boolean isPaused = false;
      for (int attempt = 0; attempt < ATTEMPTS && !isPaused; attempt++) {
        try (Connection catalog = CatalogLock.take(folder)) {
          isPaused = hasASwapLeft(first);
          if (isPaused) {
            signals.stop(pid);
          }
          execute(catalog, "ROLLBACK");
        }
        if (!isPaused) {
          // Else it would hardly get the lock in between, and stay where it is.
          awaitBatchAfter(newestBatch());
        }
      }
      assertThat(isPaused).isTrue();
      assertFenced(first, load);
    }
  }

  @Test
  void pausedBetweenTheTablesOfABatchItCommitsNoOtherTable() throws Exception {
    try (Victim first = start(1);
        Load load = load()) {
      awaitBatchAfter(1);
      StepsFile.Seen seen =
          new Marksman(signals)
              .catchWithoutLock(
                  folder,
                  Phase.BETWEEN_TABLES,
                  StepsFile.Edge.BEGIN,
                  first.sink().pid(),
                  first.steps(),
                  Duration.ofSeconds(60));
      assertThat(seen.isBetweenTables()).isTrue();
      assertFenced(first, load);
    }
  }

  @Test
  void pausedWithNothingToCommitItEndsAsWell() throws Exception {
    try (Victim first = start(1)) {
      pauseIdle(first);
      try (Load load = load()) {
        assertFenced(first, load);
      }
    }
  }

  /** It may take the slot for one that somebody has moved, which is another failure. */
  @Test
  void pausedUntilItsSlotHasMovedOnItEndsAsWell() throws Exception {
    try (Victim first = start(1)) {
      pauseIdle(first);
      String before = confirmed();
      try (Load load = load()) {
        assertFenced(first, load, () -> !confirmed().equals(before));
      }
    }
  }

  /** Pauses it when all is in the lake. */
  private void pauseIdle(Victim first) throws Exception {
    CatchUp.awaitTables(lake, first.sink(), shop.mark());
    CatchUp.await(lake, first.sink(), shop.mark());
    signals.stop(first.sink().pid());
  }

  private void assertFenced(Victim first, Load load) throws Exception {
    assertFenced(first, load, () -> true);
  }

  /** The first one stands still: replaces it, lets it go on, and sees how both end. */
  private void assertFenced(Victim first, Load load, BooleanSupplier goesOn) throws Exception {
    disconnect();
    try (Victim second = start(2)) {
      second.await(seen -> !Phase.START.isIn(seen));
      await(goesOn);
      signals.resume(first.sink().pid());
      assertThat(first.sink().awaitEnd(FENCED_WITHIN)).hasValue(3);
      assertThat(first.fencedBy()).as(first.sink().tail()).contains(second.sink().pid());
      load.close();
      assertThat(load.failure()).isEmpty();
      CatchUp.await(lake, second.sink(), shop.mark());
      assertThat(second.sink().stop()).isZero();
    }
    for (String table : Shop.TABLES) {
      assertThat(lake.commitsOfReplaced(table)).as(table).isZero();
      assertThat(lake.commitsOfReplaced(LakeView.changelogOf(table))).as(table).isZero();
    }
    Sinks.assertEqual(shop, lake);
  }

  private Victim start(int number) {
    return Victim.start(
        BuiltApplication.program().with("-Xmx512m").shortRun(),
        folder,
        number,
        end -> System.out.println(end));
  }

  private Load load() throws SQLException {
    return Load.start(shop, RATE, 1, Torture.NOBODY);
  }

  private void awaitBatchAfter(long number) throws InterruptedException {
    await(() -> newestBatch() > number);
  }

  private long newestBatch() {
    return lake.table("orders").map(LakeView::batch).orElse(OptionalLong.empty()).orElse(0);
  }

  /**
   * Whether files and metadata are written soon, on the base that was validated, and only the swap
   * is left. The lock may have come while the changelog or the control table is committed. A
   * compaction in its process may be so far as well, which is not meant.
   */
  private boolean hasASwapLeft(Victim victim) throws InterruptedException {
    for (int look = 0; look < LOOKS; look++) {
      if (isASwapLeft() && victim.steps().now().steps().contains(Step.STATE_COMMIT)) {
        return true;
      }
      Sinks.pause(5);
    }
    return false;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).isLessThan(PATIENCE_NANOS);
      Sinks.pause(5);
    }
  }

  private String confirmed() {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT confirmed_flush_lsn FROM pg_replication_slots")) {
      row.next();
      return row.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Whether a table has newer metadata in its folder than in the catalog. */
  private boolean isASwapLeft() {
    return Shop.FILLED.stream().anyMatch(name -> isASwapLeft(lake.table(name).orElseThrow()));
  }

  private static boolean isASwapLeft(Table table) {
    Path current =
        Path.of(URI.create(((BaseTable) table).operations().current().metadataFileLocation()));
    try (Stream<Path> files = Files.list(current.getParent())) {
      return files.anyMatch(
          file -> file.toString().endsWith(".metadata.json") && version(file) > version(current));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int version(Path metadata) {
    return Integer.parseInt(metadata.getFileName().toString().split("-", -1)[0]);
  }

  private void disconnect() throws SQLException {
    try (Connection connection = shop.connect()) {
      execute(
          connection,
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
              + " WHERE active_pid IS NOT NULL");
    }
  }
}
