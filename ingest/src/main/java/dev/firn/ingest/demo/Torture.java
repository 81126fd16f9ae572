package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.demo.TorturePlan.Attack;
import dev.firn.ingest.demo.TortureReport.TableResult;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.expressions.Expressions;

/**
 * A real database under load, a sink that is killed, paused and terminated all the time, and at the
 * end every value of its lake against the source.
 */
final class Torture {
  /** Columns may become anything, and a transaction is soon too large to be held. */
  private static final List<String> SETTINGS =
      List.of("schema.changes=new-column", "transaction.max-bytes-in-memory=1mb");

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
          CommandException.FAILED, "the source database refused: " + e.getMessage(), e);
    }
  }

  private TortureReport run() throws SQLException, InterruptedException {
    try (DemoSource source = DemoSource.start(settings.source(), settings.postgres(), folder);
        DemoLake lake = DemoLake.open(folder, settings.storage(), settings.access())) {
      Shop shop = source.shop();
      BulkLoad.prepare(shop, settings.snapshotRows());
      source.begin(folder, lake);
      IngestConfig.add(folder.config(), Compactions.OFTEN);
      IngestConfig.add(folder.config(), SETTINGS);
      String version = "%s %s".formatted(source.name(), shop.version());
      screen.line(
          "  source    %s, %d transactions per second, %s of many rows, and ALTER TABLE"
              .formatted(version, settings.rate(), TortureSql.of(shop).manyRows()));
      screen.line(
          "  lake      %s, %s"
              .formatted(
                  settings.storage() == DemoLake.Storage.S3 ? "an S3 server" : "local files",
                  said(settings.access())));
      screen.line("  seed      " + settings.seed());
      screen.line("");
      return torture(version, shop, LakeView.open(folder.lake(), lake));
    }
  }

  private static String said(DemoLake.Access access) {
    return switch (access) {
      case EMBEDDED -> "a SQLite catalog";
      case REST -> "a REST catalog, each table committed by itself";
      case REST_ATOMIC -> "a REST catalog, all tables of a batch committed as one";
    };
  }

  private TortureReport torture(String source, Shop shop, LakeView lake)
      throws SQLException, InterruptedException {
    SplittableRandom random = new SplittableRandom(settings.seed());
    AlteringLoad altering = AlteringLoad.prepare(shop, random.split());
    try (Torturer torturer = new Torturer(settings, folder, shop, screen::line);
        Compactions compactions = Compactions.start(settings.program(), folder, random.split());
        Load load = Load.start(shop, settings.rate(), 1, NOBODY);
        BulkLoad bulk = BulkLoad.start(shop, settings.rate(), settings.snapshotRows(), random);
        altering) {
      altering.start();
      Loads loads = new Loads(load, bulk, altering);
      attack(torturer, loads, lake);
      load.close();
      bulk.close();
      altering.close();
      loads.requireRunning();
      TortureTables compared = new TortureTables(shop, lake, altering.tables());
      CatchUp.await(lake, torturer.sink(), shop.mark());
      double seconds = torturer.second();
      compactions.close();
      compactions.requireNoFailure();
      List<TableResult> tables = compared.compare();
      requireStopped(torturer.sink().stop());
      return new TortureReport(
          settings.kills(),
          settings.seed(),
          source,
          settings.storage().text(),
          settings.access().name().toLowerCase(Locale.ROOT),
          seconds,
          new TortureReport.Work(
              settings.rate(),
              load.transactions(),
              load.rows(),
              bulk.copied(),
              altering.transactions(),
              altering.alterations(),
              compactions.ended(),
              compactions.killed()),
          tables,
          compared.names().stream().mapToLong(lake::commitsOfReplaced).sum(),
          torturer.endedByThemselves(),
          torturer.hits());
    }
  }

  /**
   * Spreads the attacks over the time, but for those in the initial snapshot, which would be over;
   * if they need longer, the load goes on until the last.
   */
  private void attack(Torturer torturer, Loads loads, LakeView lake)
      throws SQLException, InterruptedException {
    List<Attack> attacks = TorturePlan.of(settings.kills(), new Random(settings.seed())).attacks();
    long readings = attacks.stream().filter(attack -> attack.phase() == Phase.SNAPSHOT).count();
    for (int i = 0; i < attacks.size(); i++) {
      if (i >= readings) {
        awaitSecond((double) settings.seconds() * i / attacks.size(), torturer, loads);
      }
      if (i == readings) {
        torturer.awaitStreaming();
        loads.altering().mayAlter();
        partition(lake);
      }
      if (i == (attacks.size() + readings) / 2 + 1) {
        partitionOtherwise(lake);
      }
      torturer.attack(attacks.get(i));
    }
    awaitSecond(settings.seconds(), torturer, loads);
  }

  /** By columns of which none is part of the key: rows move from one to the other. */
  private static void partition(LakeView lake) {
    lake.partition("orders", spec -> spec.addField("status"));
    lake.partition("shipments", spec -> spec.addField("carrier"));
    lake.partition(BulkLoad.KEYLESS, spec -> spec.addField("page"));
  }

  private static void partitionOtherwise(LakeView lake) {
    lake.partition(
        "orders",
        spec -> spec.removeField("status").addField(Expressions.bucket("customer_id", 3)));
    lake.partition("shipments", spec -> spec.removeField("carrier"));
  }

  /** What changes the source. */
  private record Loads(Load load, BulkLoad bulk, AlteringLoad altering) {
    void requireRunning() throws SQLException {
      for (Optional<SQLException> failure :
          List.of(load.failure(), bulk.failure(), altering.failure())) {
        if (failure.isPresent()) {
          throw failure.orElseThrow();
        }
      }
    }
  }

  private static void awaitSecond(double second, Torturer torturer, Loads loads)
      throws SQLException, InterruptedException {
    do {
      loads.requireRunning();
      if (torturer.sink().failure().isPresent()) {
        throw torturer.sink().failure().orElseThrow();
      }
      TimeUnit.MILLISECONDS.sleep(20);
    } while (torturer.second() < second);
  }

  private static void requireStopped(int code) {
    if (code != 0) {
      throw new CommandException(
          CommandException.FAILED, "at the end the sink was told to stop: exit code " + code);
    }
  }
}
