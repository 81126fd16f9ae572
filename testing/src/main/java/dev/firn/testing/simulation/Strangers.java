package dev.firn.testing.simulation;

import dev.firn.compaction.GroupOutcome;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionResult;
import dev.firn.testing.FaultHits;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.Faults;
import dev.firn.testing.MemoryStorage;
import dev.firn.writer.LakeTables;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/** Everybody else who commits to the writer's tables: other engines, and the compaction. */
final class Strangers {
  private static final Set<Part> WITHOUT_ORPHANS =
      Collections.unmodifiableSet(EnumSet.of(Part.REWRITE, Part.RETENTION, Part.SWEEP));

  private final MemoryStorage storage;
  private final LakeReader lake;
  private final RandomGenerator random;
  private final EventLog log;
  private final FaultHits hits;
  private final FaultChoice faults;
  private final Violations violations;
  private final Invariants invariants;
  private final Consumer<String> witness;
  private final List<SourceTable> tables;
  private final ForeignEngine engine;

  /** Has written its files and not committed them yet. */
  private @Nullable Compactor compactor;

  private long foreign;
  private long compactions;
  private long remapped;
  private long maintained;
  private long expired;
  private long removed;

  /**
   * @param witness looks at each table that the compaction commits to
   */
  Strangers(
      MemoryStorage storage,
      LakeReader lake,
      RandomGenerator random,
      EventLog log,
      FaultHits hits,
      FaultChoice faults,
      Violations violations,
      Invariants invariants,
      Consumer<String> witness,
      List<SourceTable> tables) {
    this.storage = storage;
    this.lake = lake;
    this.random = random;
    this.log = log;
    this.hits = hits;
    this.faults = faults;
    this.violations = violations;
    this.invariants = invariants;
    this.witness = witness;
    this.tables = tables;
    this.engine = new ForeignEngine(lake);
  }

  /** How many commits of others there were. */
  long foreign() {
    return foreign;
  }

  /** How many groups of files a compaction replaced. */
  long compactions() {
    return compactions;
  }

  /** How many rows were deleted between a compaction's rewrite and its commit. */
  long remapped() {
    return remapped;
  }

  /** How many tables were maintained. */
  long maintained() {
    return maintained;
  }

  /** How many snapshots the maintenance has expired. */
  long expired() {
    return expired;
  }

  /** How many files that nothing reached any more it has removed. */
  long removed() {
    return removed;
  }

  /** Some engine commits. */
  void commit() {
    foreign++;
    SourceTable table = any();
    switch (random.nextInt(8)) {
      case 0, 1 -> {
        log.add("somebody appends nothing to %s", table);
        engine.appendNothing(table);
      }
      case 2 -> {
        log.add("somebody appends a row to ACCOUNTS");
        invariants.expect(engine.appendAccount());
      }
      case 3 -> deleteAccount();
      case 4 -> expire(table);
      case 5 -> partition(table);
      default -> {
        log.add("somebody rewrites %s", table);
        boolean unused = engine.rewrite(table);
      }
    }
  }

  /** Lets somebody commit to a table in the middle of what the writer does next. */
  void disturbSometimes(Faults writer) {
    if (random.nextInt(100) >= 12) {
      return;
    }
    List<FaultPoint> points =
        List.of(FaultPoint.TABLE_COMMIT, FaultPoint.DATA_FILE_CLOSE, FaultPoint.CONTROL_COMMIT);
    FaultPoint point = points.get(random.nextInt(points.size()));
    SourceTable table = any();
    int what = random.nextInt(6);
    writer.pauseBefore(point, random.nextInt(5), () -> disturb(table, what));
  }

  /**
   * @param what below six; the first three are other engines
   */
  void disturb(SourceTable table, int what) {
    log.add("  meanwhile:");
    switch (what) {
      case 0 -> {
        foreign++;
        log.add("  somebody rewrites %s", table);
        boolean unused = engine.rewrite(table);
      }
      case 1 -> {
        foreign++;
        log.add("  somebody touches %s", table);
        engine.appendNothing(table);
      }
      case 2 -> {
        foreign++;
        expire(table);
      }
      case 3 -> maintain();
      default -> compact();
    }
  }

  private void deleteAccount() {
    Optional<ForeignEngine.Deleted> deleted = engine.deleteAccount();
    deleted.ifPresent(invariants::expectGone);
    log.add("somebody deletes %s", deleted.isPresent() ? "a row of ACCOUNTS" : "nothing");
  }

  private void expire(SourceTable table) {
    int keep = 1 + random.nextInt(3);
    log.add("somebody expires all but %d snapshots of %s", keep, table);
    engine.expire(table, keep);
  }

  /** The tables have been made, and nobody has written to them yet. */
  void partitionSome() {
    for (SourceTable table : tables) {
      if (random.nextInt(3) == 0) {
        partition(table);
      }
    }
  }

  private void partition(SourceTable table) {
    log.add("somebody partitions %s: %s", table, engine.partition(table));
  }

  /** The compaction writes new files, or commits those that were written some time ago. */
  void compact() {
    if (compactor == null) {
      startCompaction();
    } else {
      endCompaction(compactor);
    }
  }

  private void startCompaction() {
    SourceTable table = any();
    Faults own = new Faults(hits);
    own.witness(witness);
    faults.beforeCompaction(own);
    log.add("a compaction of %s starts", table);
    try {
      compactor = Compactor.write(table, storage, own).orElse(null);
    } catch (Throwable e) {
      requireInjected(own, e);
    }
  }

  private void endCompaction(Compactor ending) {
    compactor = null;
    Faults own = ending.faults();
    foreign++;
    if (random.nextInt(3) == 0) {
      own.pauseBefore(FaultPoint.TABLE_COMMIT, 0, () -> engine.appendNothing(ending.table()));
    }
    try {
      GroupOutcome outcome = ending.commit();
      log.add("the compaction of %s ends: %s", ending.table(), said(outcome));
    } catch (Throwable e) {
      requireInjected(own, e);
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

  /** A table and its changelog are compacted, their history is thinned out, files are removed. */
  void maintain() {
    maintained++;
    SourceTable table = any();
    Faults own = new Faults(hits);
    own.witness(witness);
    faults.beforeMaintenance(own);
    log.add("maintenance of %s", table);
    run(new Maintainer(storage, own, random), own, table, WITHOUT_ORPHANS);
  }

  /**
   * Removes what nothing reaches, as if days had gone by. Nobody may be about to commit a file that
   * is there already.
   */
  void removeOrphans() {
    if (compactor == null) {
      log.add("orphans are removed");
      Faults none = new Faults(hits);
      Maintainer maintainer = new Maintainer(storage, none, random);
      tables.forEach(table -> run(maintainer, none, table, EnumSet.allOf(Part.class)));
    }
  }

  /** The compaction that is under way will not commit. */
  void forgetCompaction() {
    compactor = null;
  }

  private void run(Maintainer maintainer, Faults own, SourceTable table, Set<Part> parts) {
    TableIdentifier state = LakeReader.identifier(table);
    TableIdentifier changelog = LakeTables.changelogOf(state);
    Instant now = Instant.now().plus(Duration.ofDays(1 + random.nextInt(1000)));
    invariants.beforeBaselineMoves(table);
    Optional<Long> baseline = LakeTables.baseline(lake.catalog(), state);
    try {
      requireDone(own, maintainer.run(state, parts, now));
      if (maintainer.hasTable(changelog)) {
        requireDone(own, maintainer.run(changelog, parts, now));
      }
    } catch (Throwable e) {
      requireInjected(own, e);
    } finally {
      invariants.afterBaselineMoves(
          LakeTables.baseline(lake.catalog(), state)
              .filter(moved -> !baseline.equals(Optional.of(moved))));
    }
  }

  private void requireDone(Faults own, TableMaintenance done) {
    violations.rethrow();
    if (!done.failures().isEmpty() && !own.isDead() && own.struck().isEmpty()) {
      throw violations.fail(
          "the maintenance failed for no reason: " + done.failures(), new AssertionError());
    }
    expired += done.retention().map(RetentionResult::snapshotsExpired).orElse(0);
    removed += done.cleaned().map(cleaned -> cleaned.total().files()).orElse(0L);
  }

  private void requireInjected(Faults own, Throwable e) {
    violations.rethrow();
    if (!own.isDead() && own.struck().isEmpty()) {
      throw violations.fail("the compaction failed for no reason: " + e, e);
    }
    log.add(
        "the compaction %s: %s",
        own.isDead() ? "crashed" : "failed", own.struck().map(Object::toString).orElse("dead"));
  }

  private SourceTable any() {
    return tables.get(random.nextInt(tables.size()));
  }
}
