package dev.firn.testing.simulation;

import dev.firn.writer.CommittedBatch;
import dev.firn.writer.TransactionEnd;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** What is known of the lake from outside: where batches ended that were begun and committed. */
final class Ledger {
  private final ModelSource source;
  private final RandomGenerator random;
  private final Violations violations;
  private final boolean acknowledgeEarly;
  private ReplicationSlot slot;

  /** Where the last batch ended whose commit returned, or which a takeover found complete. */
  private Optional<ModelPosition> committed = Optional.empty();

  /** The same of the first one: the initial snapshot. */
  private Optional<ModelPosition> first = Optional.empty();

  /** Where batches end whose commit began since: tables may be ahead at these. */
  private final Set<ModelPosition> begun = new HashSet<>();

  private long lastBatch;
  private long settledBatch;
  private long batches;

  Ledger(
      ModelSource source, RandomGenerator random, Violations violations, boolean acknowledgeEarly) {
    this.source = source;
    this.random = random;
    this.violations = violations;
    this.acknowledgeEarly = acknowledgeEarly;
    this.slot = new ReplicationSlot(source, random);
  }

  /** Where the initial snapshot ended. */
  Optional<ModelPosition> first() {
    return first;
  }

  Optional<ModelPosition> committed() {
    return committed;
  }

  Set<ModelPosition> begun() {
    return begun;
  }

  /** How many batches were committed. */
  long batches() {
    return batches;
  }

  void connect(WriterProcess process) {
    process.connect(slot);
  }

  /** The source keeps its log from here on. */
  void newSlot() {
    slot = new ReplicationSlot(source, random);
  }

  void begin(ModelPosition end) {
    begun.add(end);
    if (acknowledgeEarly) {
      slot.confirm(end);
    }
  }

  void made(CommittedBatch batch, ModelPosition end) {
    violations.rethrow();
    violations.require(
        end.equals(batch.end().position()), "a batch to %s says it ends at %s", end, batch.end());
    if (batch.number() < lastBatch && batch.tables().isEmpty()) {
      // Of a writer that was replaced, with no change for a table: it learns of it as it settles.
      return;
    }
    violations.require(
        batch.number() >= lastBatch, "batch %d came after %d", batch.number(), lastBatch);
    lastBatch = batch.number();
    batches++;
  }

  /** A batch that is complete as soon as it is made. */
  void madeComplete(CommittedBatch batch, ModelPosition end) {
    made(batch, end);
    settledBatch = lastBatch;
  }

  /** Completes what was committed; only then is it acknowledged. */
  void settle(WriterProcess process) {
    Optional<TransactionEnd> end = process.pipeline().settle();
    violations.rethrow();
    end.map(TransactionEnd::position).map(ModelPosition.class::cast).ifPresent(this::settled);
  }

  void settled(ModelPosition end) {
    complete(end);
    settledBatch = lastBatch;
    if (random.nextInt(4) > 0) {
      slot.confirm(end);
    }
  }

  /** What a takeover finds complete is what was committed, or a batch whose answer was lost. */
  void adopt(WriterProcess process) {
    Optional<ModelPosition> found = process.pipeline().position().map(ModelPosition.class::cast);
    Optional<ModelPosition> offset = process.pipeline().offset().map(Translation::position);
    violations.require(
        found.equals(committed) || (found.isPresent() && begun.contains(found.orElseThrow())),
        "%s found %s, but %s was committed",
        process,
        found,
        committed);
    violations.require(offset.equals(found), "%s found offset %s at %s", process, offset, found);
    found.ifPresent(this::complete);
    lastBatch = settledBatch;
  }

  private void complete(ModelPosition end) {
    if (committed.isPresent() && committed.orElseThrow().contains(end)) {
      return;
    }
    committed = Optional.of(end);
    first = first.or(() -> committed);
    source.mayDropColumns();
    begun.removeIf(other -> !other.isAfter(end));
  }
}
