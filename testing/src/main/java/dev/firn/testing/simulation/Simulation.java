package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.GroupOutcome;
import dev.firn.testing.FakeClock;
import dev.firn.testing.FaultHits;
import dev.firn.testing.FaultKind;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.Faults;
import dev.firn.testing.MemoryStorage;
import dev.firn.testing.simulation.WriterProcess.Prepared;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.LargeTransaction;
import dev.firn.writer.PipelineException;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.TransactionEnd;
import java.net.URL;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/**
 * Drives the core through batches, faults, crashes and zombies, all chosen by a seed, and compares
 * the lake with the model source after each. The same seed does the same again.
 */
public final class Simulation {
  /** No waiting between retries, and few manifests to read. */
  private static final Map<String, String> QUICK =
      Map.of(
          "commit.retry.min-wait-ms", "1",
          "commit.retry.max-wait-ms", "2",
          "commit.manifest.min-count-to-merge", "3");

  private static final FaultPoint[] AFTER_CREATION =
      Arrays.stream(FaultPoint.values())
          .filter(point -> point != FaultPoint.TABLE_CREATE && point != FaultPoint.CONTROL_CREATE)
          .toArray(FaultPoint[]::new);

  private final long seed;
  private final Profile profile;
  private final RandomGenerator random;
  private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final MemoryStorage storage = new MemoryStorage();
  private final FaultHits hits = new FaultHits();
  private final EventLog log = new EventLog();
  private final LakeReader lake = new LakeReader(storage);
  private final ForeignEngine foreigner = new ForeignEngine(lake);
  private final PipelineSettings settings;
  private final ModelSource source;
  private final Invariants invariants;
  private final ChangelogCheck changelogs;
  private final ReadingBeside readings;

  private ReplicationSlot slot;
  private @Nullable WriterProcess live;

  /** Has written its files and not committed them yet. */
  private @Nullable Compactor compactor;

  private @Nullable InvariantViolation violation;

  /** Where the last batch ended whose commit returned, or which a takeover found complete. */
  private Optional<ModelPosition> committed = Optional.empty();

  /** Where batches end whose commit began since: tables may be ahead at these. */
  private final Set<ModelPosition> begun = new HashSet<>();

  /** Whether a large transaction is being written. */
  private boolean large;

  private int processes;
  private long lastBatch;
  private long settledBatch;
  private long batches;
  private long transactions;
  private long changes;
  private long restarts;
  private long fenced;
  private long survived;
  private long foreign;
  private long compactions;
  private long remapped;

  private Simulation(long seed, Profile profile) {
    SplittableRandom seeded = new SplittableRandom(seed);
    this.seed = seed;
    this.profile = profile;
    this.source = new ModelSource(seeded.split(), clock);
    this.random = seeded;
    this.invariants = new Invariants(source, lake);
    this.changelogs = new ChangelogCheck(source, lake);
    this.readings = new ReadingBeside(source, clock, random, new BesideReading());
    this.slot = new ReplicationSlot(source, random);
    int formatVersion = random.nextInt(5) == 0 ? 2 : 3;
    this.settings =
        new PipelineSettings("simulated", LakeReader.CONTROL, formatVersion, QUICK, 128L << 20);
  }

  /** Runs one seed to its end or to the first thing that does not hold. */
  public static SimulationReport run(long seed, Profile profile) {
    return new Simulation(seed, profile).run();
  }

  private SimulationReport run() {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(new WithoutHadoopDefaults(before));
    try {
      live();
      return report(Optional.empty());
    } catch (RuntimeException e) {
      // also what a reader throws: a table that cannot be read is broken
      return report(Optional.of(e));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /**
   * Hides Hadoop's default settings, which nothing here uses: Iceberg's Parquet writer makes Hadoop
   * parse a quarter of a megabyte of XML for every file.
   */
  private static final class WithoutHadoopDefaults extends ClassLoader {
    WithoutHadoopDefaults(ClassLoader parent) {
      super(parent);
    }

    @Override
    public @Nullable URL getResource(String name) {
      return name.endsWith("-default.xml") || name.endsWith("-site.xml")
          ? null
          : super.getResource(name);
    }
  }

  private SimulationReport report(Optional<Throwable> failure) {
    SimulationReport.Counts counts =
        new SimulationReport.Counts(
            batches,
            transactions,
            changes,
            restarts,
            fenced,
            survived,
            foreign,
            compactions,
            remapped,
            invariants.checks(),
            invariants.vectors());
    return new SimulationReport(seed, failure, log.events(), hits, counts);
  }

  private void live() {
    log.add("format version %d", settings.formatVersion());
    var unused = source.transact(profile.initialChanges());
    lake.catalog().createNamespace(LakeReader.NAMESPACE);
    restart();
    while (batches < profile.batches()) {
      step();
    }
    finish();
  }

  /** One thing that happens to the live writer, often with a fault in it. */
  private void step() {
    for (int i = random.nextInt(3); i > 0; i--) {
      var unused = source.transact(someChanges());
    }
    if (random.nextInt(100) < 30) {
      compact();
    }
    WriterProcess process = process();
    armSometimes(process.faults());
    disturbSometimes(process.faults());
    try {
      act(process);
    } catch (Throwable e) {
      endOf(process.faults(), e);
      restart();
      return;
    }
    throwViolation();
    if (process.faults().struck().isPresent()) {
      survived++;
      log.add("  survived: %s", process.faults().struck().orElseThrow());
    }
    process.faults().disarm();
    if (random.nextInt(6) == 0) {
      checkLake();
    }
  }

  private void act(WriterProcess process) {
    int die = random.nextInt(100);
    if (random.nextInt(12) == 0) {
      readings.read(process);
    } else if (die < 45) {
      batch(process);
    } else if (die < 62) {
      overlappedBatches(process);
    } else if (die < 70) {
      largeTransaction(process);
    } else if (die < 80) {
      foreignSnapshot();
    } else if (die < 86) {
      pausedBetweenBatches(process);
    } else if (die < 92) {
      pausedInCommit(process);
    } else if (die < 96) {
      log.add("%s loses its connection to the source", process);
      process.connect(slot);
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
    ModelTransaction transaction = process.take(50 + random.nextInt(150));
    int size = transaction.changes().size();
    log.add("%s streams a transaction of %d to %s", process, size, transaction.end());
    if (process.translation().asks(transaction)) {
      settle(process);
    }
    large = true;
    LargeTransaction streamed = process.pipeline().largeTransaction();
    int abandonAt = random.nextInt(4) == 0 ? random.nextInt(1 + size) : -1;
    int disturbAt = random.nextInt(4) == 0 ? -1 : size - random.nextInt(1 + size / 2);
    for (int i = 0; i <= size; i++) {
      if (i == disturbAt) {
        disturb(tableOf(transaction), random.nextInt(3));
      }
      if (i == abandonAt) {
        log.add("  and gives it up after %d changes", i);
        streamed.abandon();
        large = false;
        process.connect(slot);
        return;
      }
      if (i < size) {
        boolean unused =
            process.translation().follow(transaction.columns().get(i), streamed::changeColumns);
        streamed.apply(process.translation().change(transaction, i));
      }
    }
    count(transaction);
    begin(transaction.end());
    CommittedBatch batch =
        streamed.commit(Translation.end(transaction.end(), transaction.committedAt()));
    large = false;
    process.added(transaction.end());
    made(batch, transaction.end());
    settle(process);
  }

  /** One of the tables that it changes. */
  private SourceTable tableOf(ModelTransaction transaction) {
    int size = transaction.changes().size();
    return size == 0
        ? pick(SourceTable.values())
        : transaction.changes().get(random.nextInt(size)).table();
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
              settle(process);
            });
    log.add("%s prepared up to %s", process, prepared.end());
    return prepared;
  }

  private void commit(WriterProcess process, Prepared prepared) {
    if (!process.takeToCommit(prepared)) {
      return;
    }
    log.add("%s commits to %s", process, prepared.end());
    begin(prepared.end());
    made(process.pipeline().commit(prepared.batch()), prepared.end());
    if (random.nextInt(3) == 0) {
      settle(process);
    }
  }

  /** Completes what was committed; only then is it acknowledged. */
  private void settle(WriterProcess process) {
    Optional<TransactionEnd> end = process.pipeline().settle();
    throwViolation();
    end.map(TransactionEnd::position).map(ModelPosition.class::cast).ifPresent(this::settled);
  }

  private void settled(ModelPosition end) {
    complete(end);
    settledBatch = lastBatch;
    if (random.nextInt(4) > 0) {
      slot.confirm(end);
    }
  }

  private void begin(ModelPosition end) {
    begun.add(end);
    if (profile.acknowledgeEarly()) {
      slot.confirm(end);
    }
  }

  private void made(CommittedBatch batch, ModelPosition end) {
    throwViolation();
    require(
        end.equals(batch.end().position()), "a batch to %s says it ends at %s", end, batch.end());
    require(batch.number() >= lastBatch, "batch %d came after %d", batch.number(), lastBatch);
    lastBatch = batch.number();
    batches++;
  }

  private void complete(ModelPosition end) {
    if (committed.isPresent() && committed.orElseThrow().contains(end)) {
      return;
    }
    committed = Optional.of(end);
    source.mayDropColumns();
    begun.removeIf(other -> !other.isAfter(end));
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
      Simulation.this.foreignSnapshot();
    }

    @Override
    public void settle() {
      Simulation.this.settle(process());
    }

    @Override
    public ModelPosition settled() {
      return committed.orElseThrow();
    }

    @Override
    public void made(CommittedBatch batch, ModelPosition end) {
      Simulation.this.made(batch, end);
      settledBatch = lastBatch;
    }

    @Override
    public void log(String event) {
      log.add("%s", event);
    }
  }

  // Somebody else's snapshots.

  private void foreignSnapshot() {
    foreign++;
    SourceTable table = pick(SourceTable.values());
    switch (random.nextInt(5)) {
      case 0, 1 -> {
        log.add("somebody appends nothing to %s", table);
        foreigner.appendNothing(table);
      }
      case 2 -> {
        log.add("somebody appends a row to ACCOUNTS");
        invariants.expect(foreigner.appendAccount());
      }
      default -> {
        log.add("somebody rewrites %s", table);
        boolean unused = foreigner.rewrite(table);
      }
    }
  }

  /** Lets somebody commit to a table in the middle of what the writer does next. */
  private void disturbSometimes(Faults faults) {
    if (random.nextInt(100) >= 12) {
      return;
    }
    FaultPoint point =
        pick(FaultPoint.TABLE_COMMIT, FaultPoint.DATA_FILE_CLOSE, FaultPoint.CONTROL_COMMIT);
    SourceTable table = pick(SourceTable.values());
    int what = random.nextInt(4);
    faults.pauseBefore(point, random.nextInt(5), () -> disturb(table, what));
  }

  private void disturb(SourceTable table, int what) {
    log.add("  meanwhile:");
    switch (what) {
      case 0 -> {
        foreign++;
        log.add("  somebody rewrites %s", table);
        boolean unused = foreigner.rewrite(table);
      }
      case 1 -> {
        foreign++;
        log.add("  somebody touches %s", table);
        foreigner.appendNothing(table);
      }
      default -> compact();
    }
  }

  // The compaction, a process beside the writer.

  /** Writes new files, or commits those that were written some time ago. */
  private void compact() {
    if (compactor == null) {
      startCompaction();
    } else {
      endCompaction(compactor);
    }
  }

  private void startCompaction() {
    SourceTable table = pick(SourceTable.values());
    Faults faults = compactorFaults();
    log.add("a compaction of %s starts", table);
    try {
      compactor = Compactor.write(table, storage, faults).orElse(null);
    } catch (Throwable e) {
      requireInjected(faults, e);
    }
  }

  private void endCompaction(Compactor ending) {
    compactor = null;
    Faults faults = ending.faults();
    foreign++;
    if (random.nextInt(3) == 0) {
      faults.pauseBefore(FaultPoint.TABLE_COMMIT, 0, () -> foreigner.appendNothing(ending.table()));
    }
    try {
      GroupOutcome outcome = ending.commit();
      log.add("the compaction of %s ends: %s", ending.table(), said(outcome));
    } catch (Throwable e) {
      requireInjected(faults, e);
    }
  }

  private String said(GroupOutcome outcome) {
    return switch (outcome) {
      case GroupOutcome.Replaced done -> {
        compactions++;
        remapped += done.deletedRowsRemapped();
        yield "%d files became %d, %d rows, %d deleted meanwhile"
            .formatted(done.filesIn(), done.filesOut(), done.rows(), done.deletedRowsRemapped());
      }
      case GroupOutcome.GivenUp given -> given.why();
    };
  }

  private Faults compactorFaults() {
    Faults faults = new Faults(hits);
    if (random.nextInt(100) < profile.faultPercent()) {
      FaultPoint point =
          pick(
              FaultPoint.TABLE_COMMIT,
              FaultPoint.TABLE_COMMIT,
              FaultPoint.DATA_FILE_CLOSE,
              FaultPoint.VECTOR_CLOSE,
              FaultPoint.MANIFEST_CLOSE,
              FaultPoint.METADATA_CLOSE,
              FaultPoint.TABLE_LOAD,
              FaultPoint.READ);
      faults.arm(
          point, pick(point.kinds().toArray(FaultKind[]::new)), random.nextInt(usualPasses(point)));
    }
    return faults;
  }

  private void requireInjected(Faults faults, Throwable e) {
    if (!faults.isDead() && faults.struck().isEmpty()) {
      throw fail("the compaction failed for no reason: " + e, e);
    }
    log.add(
        "the compaction %s: %s",
        faults.isDead() ? "crashed" : "failed",
        faults.struck().map(Object::toString).orElse("dead"));
  }

  // Zombies.

  /** A writer is paused, another one takes over, and then the first goes on. */
  private void pausedBetweenBatches(WriterProcess old) {
    old.faults().disarm();
    @Nullable Prepared prepared = random.nextBoolean() ? prepare(old) : null;
    log.add("%s is paused%s", old, prepared == null ? "" : ", its batch prepared");
    restart();
    someBatches();
    checkFenced(old, prepared);
  }

  private void checkFenced(WriterProcess old, @Nullable Prepared prepared) {
    old.faults().disarm();
    Map<TableIdentifier, String> before = storage.pointers();
    log.add("%s goes on", old);
    try {
      Prepared next = prepared == null ? prepare(old) : prepared;
      var unused = old.pipeline().commit(next.batch());
      var unusedEnd = old.pipeline().settle();
      throw fail("%s committed although another writer has taken over".formatted(old), null);
    } catch (FencedException e) {
      log.add("  fenced: %s", e.getMessage());
    }
    require(storage.pointers().equals(before), "a fenced writer changed a table");
    fenced++;
    old.faults().kill();
  }

  /** A writer is paused in the middle of a commit. */
  private void pausedInCommit(WriterProcess old) {
    old.faults().disarm();
    Prepared prepared = prepare(old);
    FaultPoint point =
        pick(
            FaultPoint.TABLE_COMMIT,
            FaultPoint.CONTROL_COMMIT,
            FaultPoint.MANIFEST_LIST_CLOSE,
            FaultPoint.METADATA_CLOSE);
    Takeover takeover = new Takeover("%s is paused before %s".formatted(old, point));
    old.faults().pauseBefore(point, random.nextInt(4), takeover);
    log.add("%s commits to %s", old, prepared.end());
    begin(prepared.end());
    boolean unused = old.takeToCommit(prepared);
    try {
      CommittedBatch batch = old.pipeline().commit(prepared.batch());
      Optional<TransactionEnd> end = old.pipeline().settle();
      if (takeover.happened()) {
        throw fail("%s committed although another writer has taken over".formatted(old), null);
      }
      made(batch, prepared.end());
      end.ifPresent(e -> settled((ModelPosition) e.position()));
    } catch (FencedException e) {
      if (!takeover.happened()) {
        throw e;
      }
      log.add("  %s fenced: %s", old, e.getMessage());
      takeover.checkNothingSince();
      fenced++;
      old.faults().kill();
    }
  }

  /** What happens while a writer is paused: another one takes over and works. */
  private final class Takeover implements Runnable {
    private final String what;
    private @Nullable Map<TableIdentifier, String> pointers;

    Takeover(String what) {
      this.what = what;
    }

    @Override
    public void run() {
      log.add("%s", what);
      try {
        restart();
        someBatches();
      } catch (InvariantViolation e) {
        violation = e;
        throw e;
      }
      log.add("  it goes on");
      pointers = storage.pointers();
    }

    boolean happened() {
      return pointers != null;
    }

    void checkNothingSince() {
      throwViolation();
      require(storage.pointers().equals(pointers), "a fenced writer changed a table");
    }
  }

  private void someBatches() {
    for (int i = random.nextInt(3); i > 0; i--) {
      batch(process());
    }
  }

  // Starts and ends of processes.

  private void restart() {
    live = null;
    checkLake();
    for (int attempt = 0; live == null; attempt++) {
      Faults faults = new Faults(hits);
      if (attempt < 4) {
        armSometimes(faults);
      }
      try {
        start(faults);
      } catch (Throwable e) {
        endOf(faults, e);
        checkLake();
      }
    }
    restarts++;
  }

  private void start(Faults faults) {
    int number = ++processes;
    log.add("writer %d starts", number);
    WriterProcess process = WriterProcess.start(number, faults, storage, settings, source);
    adopt(process);
    if (committed.isEmpty()) {
      readInitially(process);
    }
    process.connect(slot);
    throwViolation();
    process.faults().disarm();
    live = process;
  }

  /** What a takeover finds complete is what was committed, or a batch whose answer was lost. */
  private void adopt(WriterProcess process) {
    Optional<ModelPosition> found = process.pipeline().position().map(ModelPosition.class::cast);
    Optional<ModelPosition> offset = process.pipeline().offset().map(Translation::position);
    require(
        found.equals(committed) || (found.isPresent() && begun.contains(found.orElseThrow())),
        "%s found %s, but %s was committed",
        process,
        found,
        committed);
    require(offset.equals(found), "%s found offset %s at %s", process, offset, found);
    found.ifPresent(this::complete);
    lastBatch = settledBatch;
  }

  private void readInitially(WriterProcess process) {
    invariants.forgetIdentities();
    slot = new ReplicationSlot(source, random);
    ModelPosition at = source.end();
    Instant committedAt = clock.instant();
    log.add("%s reads all tables at %s", process, at);
    for (SourceTable table : SourceTable.values()) {
      boolean unused =
          process
              .translation()
              .follow(source.columns(table, at), process.pipeline()::changeColumns);
    }
    FirstReading reading = new FirstReading(process, lake, log, random);
    for (SourceTable table : SourceTable.values()) {
      reading.read(table, source.columns(table, at), source.rows(table, at));
      var unused = source.transact(someChanges());
      if (random.nextInt(30) == 0) {
        reading.abandon();
        readInitially(process);
        return;
      }
    }
    begin(at);
    made(reading.publish(Translation.end(at, committedAt)), at);
    settled(at);
    process.added(at);
  }

  /** A process ends by an error: was that to be expected? */
  private void endOf(Faults faults, Throwable e) {
    throwViolation();
    if (e instanceof InvariantViolation broken) {
      throw broken;
    }
    boolean injected = faults.isDead() || faults.struck().isPresent();
    boolean stopped = mayStop() && e instanceof PipelineException;
    large = false;
    if ((!injected && !stopped) || (e instanceof FencedException && !faults.isDead())) {
      throw fail("stopped for no reason: " + e, e);
    }
    log.add(
        "  %s: %s",
        faults.struck().map(Object::toString).orElse("no fault"),
        faults.isDead() ? "crashed" : "stopped with " + withoutNames(e.toString()));
    faults.kill();
  }

  /** In format version 2 no row has an id by which a large transaction could follow a rewrite. */
  private boolean mayStop() {
    return large && foreign > 0 && settings.formatVersion() == 2;
  }

  /** File names are random: events of the same seed shall be the same. */
  private static String withoutNames(String message) {
    return message.replaceAll("memory://\\S+", "a file");
  }

  // Checks.

  private void checkLake() {
    invariants.check(committed, begun);
    committed.ifPresent(changelogs::check);
  }

  /** Takes everything over and looks at it all once more. */
  private void finish() {
    log.add("the end");
    for (int i = 0; i < 2; i++) {
      while (!ReadingBeside.asked(process().pipeline()).isEmpty()) {
        readings.read(process());
      }
      do {
        batch(process());
        settle(process());
      } while (!process().isAtEnd() || !begun.isEmpty());
      checkLake();
      if (i == 0) {
        process().faults().kill();
        restart();
      }
    }
    invariants.checkFiles();
    invariants.checkHistory(2, random);
  }

  private void throwViolation() {
    if (violation != null) {
      throw violation;
    }
  }

  private InvariantViolation fail(String message, @Nullable Throwable cause) {
    InvariantViolation failure =
        cause == null ? new InvariantViolation(message) : new InvariantViolation(message, cause);
    violation = failure;
    return failure;
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private void require(boolean holds, String format, @Nullable Object... arguments) {
    if (!holds) {
      throw fail(format.formatted(arguments), null);
    }
  }

  // Chances.

  private void armSometimes(Faults faults) {
    if (random.nextInt(100) >= profile.faultPercent()) {
      return;
    }
    boolean made = lake.load(SourceTable.NOTHING).isPresent();
    FaultPoint point = made ? pick(AFTER_CREATION) : pick(FaultPoint.values());
    if (!made && random.nextBoolean()) {
      point = random.nextBoolean() ? FaultPoint.TABLE_CREATE : FaultPoint.CONTROL_CREATE;
    }
    FaultKind kind = pick(point.kinds().toArray(FaultKind[]::new));
    // the initial snapshot is in the first start that succeeds, and takes many steps
    int longer = committed.isEmpty() && random.nextBoolean() ? 12 : 1;
    faults.arm(point, kind, random.nextInt(longer * usualPasses(point)));
  }

  /** How often a step of the writer passes the point, about. */
  private static int usualPasses(FaultPoint point) {
    return switch (point) {
      case CONTROL_CREATE, CONTROL_COMMIT, CONTROL_LOAD, DELETE -> 1;
      case VECTOR_CREATE, VECTOR_CLOSE, TABLE_COMMIT -> 3;
      case DATA_FILE_CREATE, DATA_FILE_CLOSE, TABLE_CREATE -> 4;
      case MANIFEST_LIST_CREATE, MANIFEST_LIST_CLOSE, METADATA_CREATE, METADATA_CLOSE -> 5;
      case MANIFEST_CREATE, MANIFEST_CLOSE, TABLE_LOAD -> 10;
      case READ -> 50;
    };
  }

  private int someChanges() {
    int die = random.nextInt(40);
    return die == 0 ? 60 + random.nextInt(60) : die < 5 ? 0 : 1 + random.nextInt(8);
  }

  @SafeVarargs
  private <T> T pick(T... from) {
    return from[random.nextInt(from.length)];
  }

  private void count(ModelTransaction transaction) {
    transactions++;
    changes += transaction.changes().size();
  }

  private WriterProcess process() {
    return requireNonNull(live, "no live writer");
  }
}
