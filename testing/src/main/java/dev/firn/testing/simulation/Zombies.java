package dev.firn.testing.simulation;

import dev.firn.testing.FaultPoint;
import dev.firn.testing.MemoryStorage;
import dev.firn.testing.simulation.WriterProcess.Prepared;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.TransactionEnd;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/** Writers that are paused, replaced and continued: they must commit nothing more. */
final class Zombies {
  private static final List<FaultPoint> PAUSES =
      List.of(
          FaultPoint.TABLE_COMMIT,
          FaultPoint.CONTROL_COMMIT,
          FaultPoint.MANIFEST_LIST_CLOSE,
          FaultPoint.METADATA_CLOSE);

  /** What goes on beside a paused writer. */
  interface Others {
    Prepared prepare(WriterProcess process);

    /** A new writer takes over. */
    void takeOver();

    /** And works. */
    void batch();
  }

  private final MemoryStorage storage;
  private final RandomGenerator random;
  private final EventLog log;
  private final Ledger ledger;
  private final Violations violations;
  private final Others others;
  private long fenced;

  Zombies(
      MemoryStorage storage,
      RandomGenerator random,
      EventLog log,
      Ledger ledger,
      Violations violations,
      Others others) {
    this.storage = storage;
    this.random = random;
    this.log = log;
    this.ledger = ledger;
    this.violations = violations;
    this.others = others;
  }

  /** How many writers were fenced. */
  long fenced() {
    return fenced;
  }

  /** A writer is paused, another one takes over, and then the first goes on. */
  void pausedBetweenBatches(WriterProcess old) {
    old.faults().disarm();
    @Nullable Prepared prepared = random.nextBoolean() ? others.prepare(old) : null;
    log.add("%s is paused%s", old, prepared == null ? "" : ", its batch prepared");
    replace();
    checkFenced(old, prepared);
  }

  private void checkFenced(WriterProcess old, @Nullable Prepared prepared) {
    old.faults().disarm();
    Map<TableIdentifier, String> before = storage.pointers();
    log.add("%s goes on", old);
    try {
      Prepared next = prepared == null ? others.prepare(old) : prepared;
      var unused = old.pipeline().commit(next.batch());
      var unusedEnd = old.pipeline().settle();
      throw committed(old);
    } catch (FencedException e) {
      log.add("  fenced: %s", e.getMessage());
    }
    violations.require(storage.pointers().equals(before), "a fenced writer changed a table");
    fenced++;
    old.faults().kill();
  }

  /** A writer is paused in the middle of a commit. */
  void pausedInCommit(WriterProcess old) {
    old.faults().disarm();
    Prepared prepared = others.prepare(old);
    FaultPoint point = PAUSES.get(random.nextInt(PAUSES.size()));
    Takeover takeover = new Takeover("%s is paused before %s".formatted(old, point));
    old.faults().pauseBefore(point, random.nextInt(4), takeover);
    log.add("%s commits to %s", old, prepared.end());
    ledger.begin(prepared.end());
    boolean unused = old.takeToCommit(prepared);
    try {
      CommittedBatch batch = old.pipeline().commit(prepared.batch());
      Optional<TransactionEnd> end = old.pipeline().settle();
      if (takeover.happened()) {
        throw committed(old);
      }
      ledger.made(batch, prepared.end());
      end.ifPresent(e -> ledger.settled((ModelPosition) e.position()));
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

  private InvariantViolation committed(WriterProcess old) {
    return violations.fail(
        "%s committed although another writer has taken over".formatted(old), null);
  }

  private void replace() {
    others.takeOver();
    for (int i = random.nextInt(3); i > 0; i--) {
      others.batch();
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
        replace();
      } catch (InvariantViolation e) {
        violations.note(e);
        throw e;
      }
      log.add("  it goes on");
      pointers = storage.pointers();
    }

    boolean happened() {
      return pointers != null;
    }

    void checkNothingSince() {
      violations.rethrow();
      violations.require(storage.pointers().equals(pointers), "a fenced writer changed a table");
    }
  }
}
