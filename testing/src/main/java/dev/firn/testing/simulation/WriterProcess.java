package dev.firn.testing.simulation;

import dev.firn.testing.Faults;
import dev.firn.testing.FaultyCatalog;
import dev.firn.testing.MemoryStorage;
import dev.firn.writer.Batch;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.PreparedBatch;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TableLayout;
import dev.firn.writer.TableReading;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One process of the pipeline, from its takeover to its end: what it holds dies with it. */
final class WriterProcess {

  /** A prepared batch and where it ends. */
  record Prepared(PreparedBatch batch, ModelPosition end) {}

  private final int number;
  private final Faults faults;
  private final Pipeline pipeline;
  private final Translation translation;
  private final List<Prepared> uncommitted = new ArrayList<>();
  private ReplicationSlot.@Nullable Stream stream;
  private ModelPosition added = ModelPosition.START;

  /** The end of the source's log when it first connected. */
  private @Nullable ModelPosition connected;

  private @Nullable TableReading reading;

  private WriterProcess(int number, Faults faults, Pipeline pipeline, Translation translation) {
    this.number = number;
    this.faults = faults;
    this.pipeline = pipeline;
    this.translation = translation;
  }

  /**
   * Takes the pipeline over and opens its tables.
   *
   * @param layouts that its configuration asks for
   */
  static WriterProcess start(
      int number,
      Faults faults,
      MemoryStorage storage,
      PipelineSettings settings,
      ModelSource source,
      Function<SourceTable, TableLayout> layouts) {
    FaultyCatalog catalog = new FaultyCatalog(storage, faults, LakeReader.CONTROL);
    Pipeline pipeline = Pipeline.takeOver(catalog, settings, ModelPosition::parse, Runnable::run);
    var unused = pipeline.openQuarantine();
    Map<SourceTable, RowTarget> targets = new EnumMap<>(SourceTable.class);
    for (SourceTable table : source.tables()) {
      targets.put(
          table,
          pipeline.open(
              new TableDefinition(
                      LakeReader.identifier(table), source.columns(table).schema(), table.key())
                  .laidOut(layouts.apply(table))));
    }
    return new WriterProcess(number, faults, pipeline, new Translation(targets));
  }

  /** The tables that it follows. */
  Set<SourceTable> tables() {
    return translation.tables();
  }

  Faults faults() {
    return faults;
  }

  Pipeline pipeline() {
    return pipeline;
  }

  Translation translation() {
    return translation;
  }

  /** Connects to the source, as at the start or after a lost connection. */
  void connect(ReplicationSlot slot) {
    ModelPosition asked = pipeline.offset().map(Translation::position).orElse(ModelPosition.START);
    stream = slot.stream(asked);
    if (connected == null) {
      connected = slot.end();
    }
  }

  /** Whether a transaction was there before it, and may have been told to an earlier one. */
  boolean isYoungerThan(ModelPosition end) {
    return connected != null && connected.contains(end);
  }

  boolean isAtEnd() {
    return stream().isAtEnd();
  }

  /** The next transaction of the source that was not added before. */
  ModelTransaction take(int changesOfNewTransaction) {
    ModelTransaction transaction = stream().take(changesOfNewTransaction);
    while (!transaction.end().isAfter(added)) {
      transaction = stream().take(changesOfNewTransaction);
    }
    return transaction;
  }

  /**
   * Fills a batch and prepares it.
   *
   * @param transactions how many it takes in, if it does not have to end before or go on after
   *     these
   * @param drain commits and completes all that is uncommitted, before a transaction that changes
   *     the columns of a table
   */
  Prepared prepare(int transactions, Supplier<ModelTransaction> next, Runnable drain) {
    Batch batch = pipeline.newBatch();
    ModelPosition end = ModelPosition.START;
    while (batch.isEmpty() || batch.wantsMore() || (transactions > 0 && !batch.isComplete())) {
      ModelTransaction transaction = next.get();
      if (translation.asks(transaction)) {
        if (!batch.isEmpty()) {
          uncommitted.add(new Prepared(pipeline.prepare(batch), end));
        }
        drain.run();
        batch = pipeline.newBatch();
      }
      end = transaction.end();
      added = end;
      SourceTransaction translated = translation.transaction(transaction, pipeline::changeColumns);
      if (reading != null) {
        reading.ended(translated);
      }
      boolean unused = batch.add(translated);
      transactions--;
    }
    Prepared prepared = new Prepared(pipeline.prepare(batch), end);
    uncommitted.add(prepared);
    return prepared;
  }

  /** What was prepared and is not being committed yet, in order. */
  List<Prepared> uncommitted() {
    return List.copyOf(uncommitted);
  }

  /** Takes a prepared batch to commit it; false when that has been done. */
  boolean takeToCommit(Prepared prepared) {
    return uncommitted.remove(prepared);
  }

  /** A table is being read that must learn of every transaction. */
  void tell(TableReading newReading) {
    reading = newReading;
  }

  void tellNobody() {
    reading = null;
  }

  /** Whether all up to a position was taken from the source. */
  boolean hasAdded(ModelPosition position) {
    return added.contains(position);
  }

  /** The end of the last transaction that was taken from the source. */
  ModelPosition added() {
    return added;
  }

  void added(ModelPosition end) {
    added = end;
  }

  private ReplicationSlot.Stream stream() {
    if (stream == null) {
      throw new IllegalStateException("not connected");
    }
    return stream;
  }

  @Override
  public String toString() {
    return "writer " + number;
  }
}
