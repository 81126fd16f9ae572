package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.testing.FakeClock;
import dev.firn.testing.FaultHits;
import dev.firn.testing.Faults;
import dev.firn.testing.MemoryStorage;
import dev.firn.testing.simulation.WriterProcess.Prepared;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.HadoopDefaults;
import dev.firn.writer.LargeTransaction;
import dev.firn.writer.PipelineException;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.TableLayout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Drives the core through batches, faults, crashes and zombies, all chosen by a seed, and compares
 * the lake with the model source after each. The same seed does the same again.
 */
public final class Simulation {
  private static final int FEWEST_TABLES = 4;

  /** About as many it takes to take everything over at the end. */
  private static final int LAST_BATCHES = 4;

  private final long seed;
  private final Profile profile;
  private final RandomGenerator random;
  private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final MemoryStorage storage = new MemoryStorage(clock);
  private final FaultHits hits = new FaultHits();
  private final EventLog log = new EventLog();
  private final LakeReader lake = new LakeReader(storage);
  private final Violations violations = new Violations();
  private final PipelineSettings settings;
  private final ModelSource source;
  private final FaultChoice faults;
  private final Ledger ledger;
  private final Invariants invariants;
  private final ChangelogCheck changelogs;
  private final QuarantineCheck quarantine;
  private final ReadingBeside readings;
  private final Strangers strangers;
  private final Zombies zombies;

  private @Nullable WriterProcess live;

  /** Whether a large transaction is being written. */
  private boolean large;

  private int processes;
  private long transactions;
  private long changes;
  private long restarts;
  private long survived;

  private Simulation(long seed, Profile profile) {
    SplittableRandom seeded = new SplittableRandom(seed);
    this.seed = seed;
    this.profile = profile;
    this.source = new ModelSource(seeded.split(), clock, someTables(seeded));
    this.random = seeded;
    this.faults = new FaultChoice(random, profile.faultPercent());
    this.ledger = new Ledger(source, random, violations, profile.acknowledgeEarly());
    this.invariants = new Invariants(source, lake);
    this.changelogs = new ChangelogCheck(source, lake);
    this.readings = new ReadingBeside(source, clock, random, new BesideReading());
    this.strangers =
        new Strangers(
            storage,
            lake,
            random,
            log,
            hits,
            faults,
            violations,
            invariants,
            this::glance,
            source.tables());
    this.zombies = new Zombies(storage, random, log, ledger, violations, new BesideZombies());
    int formatVersion = random.nextInt(5) == 0 ? 2 : 3;
    this.settings =
        new PipelineSettings(
            "simulated", LakeReader.CONTROL, formatVersion, tableProperties(), 128L << 20);
    this.quarantine = new QuarantineCheck(source, lake, settings);
  }

  /** At least four; the accounts are always among them. */
  private static List<SourceTable> someTables(RandomGenerator random) {
    List<SourceTable> tables = new ArrayList<>(List.of(SourceTable.values()));
    int number =
        random.nextInt(8) > 0
            ? FEWEST_TABLES
            : FEWEST_TABLES + random.nextInt(tables.size() - FEWEST_TABLES + 1);
    while (tables.size() > number) {
      tables.remove(1 + random.nextInt(tables.size() - 1));
    }
    return tables;
  }

  /**
   * No waiting between retries, and nothing compressed, which takes time and hides nothing; few
   * manifests to read, or no merging of them.
   */
  private Map<String, String> tableProperties() {
    return Map.of(
        "commit.retry.min-wait-ms", "1",
        "commit.retry.max-wait-ms", "2",
        "commit.manifest.min-count-to-merge", random.nextBoolean() ? "3" : "8",
        "write.manifest.compression-codec", "uncompressed",
        "write.avro.compression-codec", "uncompressed",
        "write.parquet.compression-codec", "uncompressed");
  }

  /** Runs one seed to its end or to the first thing that does not hold. */
  public static SimulationReport run(long seed, Profile profile) {
    return new Simulation(seed, profile).run();
  }

  private SimulationReport run() {
    return HadoopDefaults.hiddenFrom(() -> {
      try {
        live();
        return report(Optional.empty());
      } catch (RuntimeException e) {
        // also what a reader throws: a table that cannot be read is broken
        return report(Optional.of(e));
      }
    });
  }

  private SimulationReport report(Optional<Throwable> failure) {
    SimulationReport.Counts counts =
        new SimulationReport.Counts(
            ledger.batches(),
            transactions,
            changes,
            restarts,
            zombies.fenced(),
            survived,
            strangers.foreign(),
            strangers.compactions(),
            strangers.remapped(),
            strangers.maintained(),
            strangers.expired(),
            strangers.removed(),
            invariants.checks(),
            invariants.vectors());
    return new SimulationReport(seed, failure, log.events(), hits, counts);
  }

  private void live() {
    log.add("format version %d, tables %s", settings.formatVersion(), source.tables());
    var unused = source.transact(profile.initialChanges());
    lake.catalog().createNamespace(LakeReader.NAMESPACE);
    restart();
    while (ledger.batches() < profile.batches() - LAST_BATCHES) {
      step();
    }
    finish();
  }

  /** One thing that happens to the live writer, often with a fault in it. */
  private void step() {
    for (int i = random.nextInt(3); i > 0; i--) {
      var unused = source.transact(someChanges());
    }
    int beside = random.nextInt(100);
    if (beside < 25) {
      strangers.compact();
    } else if (beside < 33) {
      strangers.maintain();
    }
    WriterProcess process = process();
    faults.beforeStep(process.faults());
    strangers.disturbSometimes(process.faults());
    if (!survives(process, this::act)) {
      return;
    }
    violations.rethrow();
    if (process.faults().struck().isPresent()) {
      survived++;
      log.add("  survived: %s", process.faults().struck().orElseThrow());
    }
    process.faults().forget();
    if (random.nextInt(12) == 0) {
      checkLake();
    }
  }

  /** Whether the process came to the end of it; otherwise there is another one. */
  private boolean survives(WriterProcess process, Consumer<WriterProcess> action) {
    try {
      action.accept(process);
      return true;
    } catch (Throwable e) {
      endOf(process.faults(), e);
      restart();
      return false;
    }
  }

  private void act(WriterProcess process) {
    int die = random.nextInt(100);
    if (random.nextInt(12) == 0) {
      readings.read(process);
    } else if (die < 49) {
      batch(process);
    } else if (die < 66) {
      overlappedBatches(process);
    } else if (die < 74) {
      largeTransaction(process);
    } else if (die < 86) {
      strangers.commit();
    } else if (die < 89) {
      zombies.pausedBetweenBatches(process);
    } else if (die < 93) {
      zombies.pausedInCommit(process);
    } else if (die < 96) {
      log.add("%s loses its connection to the source", process);
      ledger.connect(process);
    } else {
      stop(process);
    }
  }

  // What the live writer does.

  private void batch(WriterProcess process) {
    commit(process, prepare(process));
  }

  /** The next batch is prepared before the one before it is committed. */
  private void overlappedBatches(WriterProcess process) {
    Prepared first = prepare(process);
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      Prepared second = prepare(process);
      commit(process, first);
      first = second;
    }
    commit(process, first);
  }

  private void largeTransaction(WriterProcess process) {
    ModelTransaction transaction = process.take(largeSize());
    int size = transaction.changes().size();
    log.add("%s streams a transaction of %d to %s", process, size, transaction.end());
    if (process.translation().asks(transaction)) {
      ledger.settle(process);
    }
    large = true;
    LargeTransaction streamed = process.pipeline().largeTransaction();
    int abandonAt = random.nextInt(4) == 0 ? random.nextInt(1 + size) : -1;
    int disturbAt = random.nextInt(4) == 0 ? -1 : size - random.nextInt(1 + size / 2);
    for (int i = 0; i <= size; i++) {
      if (i == disturbAt) {
        strangers.disturb(tableOf(transaction), random.nextInt(4));
      }
      if (i == abandonAt) {
        log.add("  and gives it up after %d changes", i);
        streamed.abandon();
        large = false;
        ledger.connect(process);
        return;
      }
      if (i < size) {
        boolean unused =
            process.translation().follow(transaction.columns().get(i), streamed::changeColumns);
        streamed.apply(process.translation().change(transaction, i));
      }
    }
    process.translation().asides(transaction).forEach(streamed::apply);
    count(transaction);
    ledger.begin(transaction.end());
    CommittedBatch batch =
        streamed.commit(Translation.end(transaction.end(), transaction.committedAt()));
    large = false;
    process.added(transaction.end());
    ledger.made(batch, transaction.end());
    ledger.settle(process);
  }

  private int largeSize() {
    return profile.largeTransaction() / 2 + random.nextInt(profile.largeTransaction());
  }

  /** One of the tables that it changes. */
  private SourceTable tableOf(ModelTransaction transaction) {
    int size = transaction.changes().size();
    return size == 0 ? anyTable() : transaction.changes().get(random.nextInt(size)).table();
  }

  private void stop(WriterProcess process) {
    if (random.nextBoolean()) {
      var unused = prepare(process);
    }
    log.add("%s is stopped", process);
    process.faults().kill();
    restart();
  }

  private Prepared prepare(WriterProcess process) {
    int size = 1 + random.nextInt(profile.largestBatch());
    Prepared prepared =
        process.prepare(
            size,
            () -> {
              ModelTransaction transaction = process.take(someChanges());
              count(transaction);
              return transaction;
            },
            () -> {
              log.add("%s meets other columns", process);
              process.uncommitted().forEach(earlier -> commit(process, earlier));
              ledger.settle(process);
            });
    log.add("%s prepared up to %s", process, prepared.end());
    return prepared;
  }

  private void commit(WriterProcess process, Prepared prepared) {
    if (!process.takeToCommit(prepared)) {
      return;
    }
    log.add("%s commits to %s", process, prepared.end());
    ledger.begin(prepared.end());
    ledger.made(process.pipeline().commit(prepared.batch()), prepared.end());
    if (random.nextInt(3) == 0) {
      ledger.settle(process);
    }
  }

  /** What happens while a table is read. */
  private final class BesideReading implements ReadingBeside.Meanwhile {
    @Override
    public void batch() {
      Simulation.this.batch(process());
    }

    @Override
    public void largeTransaction() {
      settle();
      Simulation.this.largeTransaction(process());
    }

    @Override
    public void foreignSnapshot() {
      strangers.commit();
    }

    @Override
    public void settle() {
      ledger.settle(process());
    }

    @Override
    public ModelPosition settled() {
      return ledger.committed().orElseThrow();
    }

    @Override
    public void made(CommittedBatch batch, ModelPosition end) {
      ledger.madeComplete(batch, end);
    }

    @Override
    public void log(String event) {
      log.add("%s", event);
    }
  }

  private final class BesideZombies implements Zombies.Others {
    @Override
    public Prepared prepare(WriterProcess process) {
      return Simulation.this.prepare(process);
    }

    @Override
    public void takeOver() {
      restart();
    }

    @Override
    public void batch() {
      Simulation.this.batch(process());
    }
  }

  // Starts and ends of processes.

  private void restart() {
    live = null;
    checkLake();
    for (int attempt = 0; live == null; attempt++) {
      Faults own = new Faults(hits);
      own.witness(this::glance);
      if (attempt < 4) {
        armSometimes(own);
      }
      try {
        start(own);
      } catch (Throwable e) {
        endOf(own, e);
        checkLake();
      }
    }
    restarts++;
  }

  private void armSometimes(Faults own) {
    if (ledger.committed().isEmpty()) {
      faults.beforeFirstStart(own);
    } else {
      faults.beforeStart(own);
    }
  }

  private Map<SourceTable, TableLayout> layouts() {
    Map<SourceTable, TableLayout> layouts = new EnumMap<>(SourceTable.class);
    for (SourceTable table : source.tables()) {
      TableLayout layout = ModelLayouts.any(table, random);
      if (!layout.equals(TableLayout.ANY)) {
        log.add("%s is wanted %s", table, layout);
      }
      layouts.put(table, layout);
    }
    return layouts;
  }

  private void start(Faults own) {
    int number = ++processes;
    log.add("writer %d starts", number);
    Map<SourceTable, TableLayout> layouts = layouts();
    WriterProcess process =
        WriterProcess.start(number, own, storage, settings, source, layouts::get);
    ledger.adopt(process);
    if (ledger.committed().isEmpty()) {
      strangers.partitionSome();
      readInitially(process);
    }
    ledger.connect(process);
    violations.rethrow();
    process.faults().disarm();
    live = process;
    if (random.nextInt(10) == 0) {
      // Nothing is prepared yet, and whoever was paused is fenced.
      strangers.removeOrphans();
    }
  }

  private void readInitially(WriterProcess process) {
    ledger.newSlot();
    ModelPosition at = source.end();
    Instant committedAt = clock.instant();
    log.add("%s reads all tables at %s", process, at);
    for (SourceTable table : source.tables()) {
      boolean unused =
          process
              .translation()
              .follow(source.columns(table, at), process.pipeline()::changeColumns);
    }
    FirstReading reading = new FirstReading(process, lake, log, random);
    for (SourceTable table : source.tables()) {
      reading.read(table, source.columns(table, at), source.rows(table, at));
      var unused = source.transact(someChanges());
      if (random.nextInt(20) == 0) {
        reading.abandon();
        readInitially(process);
        return;
      }
    }
    ledger.begin(at);
    ledger.made(reading.publish(Translation.end(at, committedAt)), at);
    ledger.settled(at);
    process.added(at);
  }

  /** A process ends by an error: was that to be expected? */
  private void endOf(Faults own, Throwable e) {
    violations.rethrow();
    if (e instanceof InvariantViolation broken) {
      throw broken;
    }
    boolean injected = own.isDead() || own.struck().isPresent();
    boolean stopped = mayStop() && e instanceof PipelineException;
    large = false;
    if ((!injected && !stopped) || (e instanceof FencedException && !own.isDead())) {
      throw violations.fail("stopped for no reason: " + e, e);
    }
    log.add(
        "  %s: %s",
        own.struck().map(Object::toString).orElse("no fault"),
        own.isDead() ? "crashed" : "stopped with " + withoutNames(e.toString()));
    own.kill();
  }

  /** In format version 2 no row has an id by which a large transaction could follow a rewrite. */
  private boolean mayStop() {
    return large && strangers.foreign() > 0 && settings.formatVersion() == 2;
  }

  /** File names are random: events of the same seed shall be the same. */
  private static String withoutNames(String message) {
    return message.replaceAll("memory://\\S+", "a file");
  }

  // Checks.

  private void checkLake() {
    invariants.check(ledger.committed(), ledger.begun());
    ledger.committed().ifPresent(changelogs::check);
    ledger.first().ifPresent(first -> quarantine.check(first, ledger.committed().orElseThrow()));
  }

  /** Now and then a reader looks at a table that was changed this instant. */
  private void glance(String table) {
    for (SourceTable model : source.tables()) {
      if (LakeReader.identifier(model).toString().equals(table) && random.nextInt(30) == 0) {
        violations.within(
            () -> invariants.check(model, ledger.committed(), ledger.begun()),
            model + " could not be read");
      }
    }
  }

  /** Takes everything over and looks at it all once more. */
  private void finish() {
    log.add("the end");
    process().faults().disarm();
    for (int i = 0; i < 2; i++) {
      while (!readings.asked(process().pipeline()).isEmpty()) {
        // somebody may rewrite the table meanwhile
        boolean unused = survives(process(), readings::read);
      }
      do {
        batch(process());
        ledger.settle(process());
      } while (!process().isAtEnd() || !ledger.begun().isEmpty());
      while (i > 0 && ledger.batches() < profile.batches()) {
        batch(process());
      }
      ledger.settle(process());
      checkLake();
      if (i == 0) {
        process().faults().kill();
        restart();
      }
    }
    ledger.committed().ifPresent(changelogs::checkAnew);
    invariants.checkFiles();
    invariants.checkHistory(2, random);
    cleanUp();
  }

  /** After all files have had their time nothing is left that nobody needs, and all that is. */
  private void cleanUp() {
    strangers.forgetCompaction();
    strangers.removeOrphans();
    strangers.removeOrphans();
    invariants.checkUnreachable();
    checkLake();
    ledger.committed().ifPresent(changelogs::checkAnew);
    invariants.checkHistory(2, random);
  }

  private int someChanges() {
    int usual = profile.usualTransaction();
    int die = random.nextInt(40);
    return die == 0
        ? 8 * usual + random.nextInt(8 * usual)
        : die < 5 ? 0 : 1 + random.nextInt(usual);
  }

  private SourceTable anyTable() {
    return source.tables().get(random.nextInt(source.tables().size()));
  }

  private void count(ModelTransaction transaction) {
    transactions++;
    changes += transaction.changes().size();
  }

  private WriterProcess process() {
    return requireNonNull(live, "no live writer");
  }
}
