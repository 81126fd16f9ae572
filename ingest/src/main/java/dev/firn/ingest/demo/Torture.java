package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.demo.TorturePlan.Attack;
import dev.firn.ingest.demo.TortureReport.TableResult;
import dev.firn.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real PostgreSQL under load, a sink that is killed, paused and terminated all the time, and at
 * the end every value of its lake against the source.
 */
final class Torture {
  static final List<String> TABLES =
      Stream.concat(Shop.TABLES.stream(), Stream.of(BulkLoad.KEYLESS)).toList();

  static final Load.Listener NOBODY =
      new Load.Listener() {
        @Override
        public void placed(long orderId, long atNanos) {}

        @Override
        public void cancelled(long orderId) {}
      };

  private final TortureSettings settings;
  private final DemoFolder folder;
  private final Screen screen;

  private Torture(TortureSettings settings, DemoFolder folder, Screen screen) {
    this.settings = settings;
    this.folder = folder;
    this.screen = screen;
  }

  /** Runs it; whatever happens, all that it started is ended when this returns. */
  static TortureReport run(TortureSettings settings, DemoFolder folder, Screen screen)
      throws InterruptedException {
    if (folder.run() > 0) {
      throw new CommandException(
          CommandException.USAGE,
          "%s holds an earlier run: name an empty folder with --dir".formatted(folder.root()));
    }
    try {
      return new Torture(settings, folder, screen).run();
    } catch (SQLException e) {
      throw new CommandException(
          CommandException.FAILED, "the PostgreSQL refused: " + e.getMessage(), e);
    }
  }

  private TortureReport run() throws SQLException, InterruptedException {
    PostgresServer.Settings wanted =
        PostgresServer.Settings.temporary(settings.postgres()).inFolder(folder.postgres());
    try (PostgresServer server = PostgresServer.start(wanted);
        DemoLake lake = DemoLake.open(folder, settings.storage(), settings.access())) {
      Shop shop = Shop.open(server);
      BulkLoad.prepare(shop, settings.snapshotRows());
      folder.begin(server.major(), server.port(), lake);
      IngestConfig.write(folder, server, lake);
      Compactions.often(folder.config());
      screen.line(
          "  source    PostgreSQL %s, %d transactions per second and COPY; %d tables"
              .formatted(shop.version(), settings.rate(), TABLES.size()));
      screen.line(
          "  lake      %s, %s"
              .formatted(
                  settings.storage() == DemoLake.Storage.S3 ? "an S3 server" : "local files",
                  said(settings.access())));
      screen.line("  seed      " + settings.seed());
      screen.line("");
      return torture(shop, LakeView.open(folder.lake(), lake));
    }
  }

  private static String said(DemoLake.Access access) {
    return switch (access) {
      case EMBEDDED -> "a SQLite catalog";
      case REST -> "a REST catalog, each table committed by itself";
      case REST_ATOMIC -> "a REST catalog, all tables of a batch committed as one";
    };
  }

  private TortureReport torture(Shop shop, LakeView lake)
      throws SQLException, InterruptedException {
    SplittableRandom random = new SplittableRandom(settings.seed());
    try (Torturer torturer = new Torturer(settings, folder, shop, screen::line);
        Compactions compactions = Compactions.start(folder, random.split());
        Load load = Load.start(shop, settings.rate(), 1, NOBODY);
        BulkLoad bulk = BulkLoad.start(shop, settings.rate(), settings.snapshotRows(), random)) {
      attack(torturer, load, bulk);
      load.close();
      bulk.close();
      requireRunning(load, bulk);
      CatchUp.await(lake, torturer.sink(), shop.mark());
      double seconds = torturer.second();
      compactions.close();
      compactions.requireNoFailure();
      requireStopped(torturer.sink().stop());
      List<TableResult> tables = compare(shop, lake);
      return new TortureReport(
          settings.kills(),
          settings.seed(),
          shop.version(),
          settings.storage().text(),
          settings.access().name().toLowerCase(Locale.ROOT),
          seconds,
          new TortureReport.Work(
              settings.rate(),
              load.transactions(),
              load.rows(),
              bulk.copied(),
              compactions.ended(),
              compactions.killed()),
          tables,
          TABLES.stream().mapToLong(lake::commitsOfReplaced).sum(),
          torturer.endedByThemselves(),
          torturer.hits());
    }
  }

  /** Spreads the attacks over the time; if they need longer, the load goes on until the last. */
  private void attack(Torturer torturer, Load load, BulkLoad bulk)
      throws SQLException, InterruptedException {
    List<Attack> attacks = TorturePlan.of(settings.kills(), new Random(settings.seed())).attacks();
    for (int i = 0; i < attacks.size(); i++) {
      awaitSecond((double) settings.seconds() * i / attacks.size(), torturer, load, bulk);
      torturer.attack(attacks.get(i));
    }
    awaitSecond(settings.seconds(), torturer, load, bulk);
  }

  private static void awaitSecond(double second, Torturer torturer, Load load, BulkLoad bulk)
      throws SQLException, InterruptedException {
    do {
      requireRunning(load, bulk);
      if (torturer.sink().failure().isPresent()) {
        throw torturer.sink().failure().orElseThrow();
      }
      TimeUnit.MILLISECONDS.sleep(20);
    } while (torturer.second() < second);
  }

  private static void requireRunning(Load load, BulkLoad bulk) throws SQLException {
    if (load.failure().isPresent()) {
      throw load.failure().orElseThrow();
    }
    if (bulk.failure().isPresent()) {
      throw bulk.failure().orElseThrow();
    }
  }

  private static void requireStopped(int code) {
    if (code != 0) {
      throw new CommandException(
          CommandException.FAILED, "at the end the sink was told to stop: exit code " + code);
    }
  }

  private static List<TableResult> compare(Shop shop, LakeView lake) throws SQLException {
    List<TableResult> results = new ArrayList<>();
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : TABLES) {
        results.add(
            new TableResult(
                table, lake.compare(source, table), lake.compareReplayed(source, table)));
      }
    }
    return results;
  }
}
