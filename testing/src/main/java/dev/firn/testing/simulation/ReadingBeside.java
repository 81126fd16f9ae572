package dev.firn.testing.simulation;

import dev.firn.testing.FakeClock;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.Pipeline;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableReading;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;

/** Reads one table while batches go on: one that an earlier writer has not completed, or any. */
final class ReadingBeside {

  /** What goes on meanwhile. */
  interface Meanwhile {
    /** One batch, or a few. */
    void batch();

    void largeTransaction();

    /** Somebody else commits. */
    void foreignSnapshot();

    void settle();

    /** Where the last batch ended that was settled. */
    ModelPosition settled();

    /** A table was read. */
    void made(CommittedBatch batch, ModelPosition end);

    void log(String event);
  }

  private final ModelSource source;
  private final FakeClock clock;
  private final RandomGenerator random;
  private final Meanwhile meanwhile;

  ReadingBeside(ModelSource source, FakeClock clock, RandomGenerator random, Meanwhile meanwhile) {
    this.source = source;
    this.clock = clock;
    this.random = random;
    this.meanwhile = meanwhile;
  }

  /** The tables that an earlier writer was to read. */
  List<SourceTable> asked(Pipeline pipeline) {
    return source.tables().stream()
        .filter(table -> pipeline.reading(LakeReader.identifier(table)).isPresent())
        .toList();
  }

  /** Reads one table to the end, or gives it up. */
  void read(WriterProcess process) {
    Pipeline pipeline = process.pipeline();
    List<SourceTable> asked = asked(pipeline);
    SourceTable table =
        asked.isEmpty()
            ? source.tables().get(random.nextInt(source.tables().size()))
            : asked.getFirst();
    TableIdentifier name = LakeReader.identifier(table);
    meanwhile.settle();
    meanwhile.log("%s reads %s beside the stream".formatted(process, table));
    pipeline.requestReading(name, "simulated", false);
    try {
      while (!isRead(process, table)) {
        meanwhile.log("  its columns changed: it begins again");
      }
    } finally {
      process.tellNobody();
    }
  }

  /**
   * Reads it once.
   *
   * @return false when its columns changed meanwhile
   */
  private boolean isRead(WriterProcess process, SourceTable table) {
    TableReading reading = process.pipeline().read(LakeReader.identifier(table), streamed(process));
    process.tell(reading);
    RowTarget target = process.translation().target(table);
    read(process, table, reading, () -> !process.translation().target(table).equals(target));
    boolean changed = !process.translation().target(table).equals(target);
    if (changed) {
      reading.abandon();
    }
    return !changed;
  }

  /** The transactions that the writer, or one before it, has had. */
  private List<String> streamed(WriterProcess process) {
    return source.after(ModelPosition.START).stream()
        .map(ModelTransaction::end)
        .filter(end -> process.hasAdded(end) || process.isYoungerThan(end))
        .map(end -> "x" + end)
        .toList();
  }

  private void read(
      WriterProcess process, SourceTable table, TableReading reading, BooleanSupplier changed) {
    batches(3);
    ModelSnapshot snapshot = begin(table, reading);
    if (random.nextInt(4) == 0) {
      reading.largeBegins();
      meanwhile.largeTransaction();
      reading.largeEnded("x" + process.added());
      snapshot = begin(table, reading, snapshot);
    }
    while (!process.hasAdded(snapshot.at()) || !process.pipeline().mayComplete()) {
      meanwhile.batch();
      meanwhile.settle();
    }
    meanwhile.settle();
    TableColumns columns = source.columns(table, snapshot.at());
    if (lacksDropped(process, table, columns)) {
      meanwhile.log("  and gives it up: a reading would empty a dropped column");
      reading.abandon();
      process.pipeline().forgetReading(LakeReader.identifier(table));
      return;
    }
    boolean unused = process.translation().follow(columns, process.pipeline()::changeColumns);
    if (changed.getAsBoolean()) {
      return;
    }
    reading.passed();
    for (ModelRow row : snapshot.rows()) {
      if (random.nextInt(40) == 0) {
        meanwhile.batch();
      }
      if (changed.getAsBoolean()) {
        return;
      }
      reading.add(process.translation().row(columns, row));
    }
    batches(3);
    if (changed.getAsBoolean()) {
      return;
    }
    if (random.nextInt(8) == 0) {
      meanwhile.log("  and gives it up");
      reading.abandon();
      return;
    }
    if (random.nextInt(4) == 0) {
      meanwhile.foreignSnapshot();
    }
    reading.read();
    meanwhile.settle();
    if (changed.getAsBoolean()) {
      return;
    }
    CommittedBatch made = process.pipeline().complete(reading, clock.instant()).orElseThrow();
    meanwhile.log("  it takes the place of the table");
    meanwhile.made(made, meanwhile.settled());
  }

  /** The model keeps the values of dropped columns in rows that do not change; a reading cannot. */
  private static boolean lacksDropped(
      WriterProcess process, SourceTable table, TableColumns columns) {
    return process.translation().target(table).columns().columns().stream()
        .anyMatch(column -> columns.schema().findField(column.name()) == null);
  }

  private ModelSnapshot begin(SourceTable table, TableReading reading) {
    return begin(reading, ModelSnapshot.take(source, table, random));
  }

  /** What one snapshot has seen every later one sees. */
  private ModelSnapshot begin(SourceTable table, TableReading reading, ModelSnapshot earlier) {
    ModelSnapshot later = ModelSnapshot.take(source, table, random);
    boolean lacks = later.without().filter(one -> earlier.sees("x" + one.end())).isPresent();
    return begin(reading, lacks ? ModelSnapshot.ofAll(source, table) : later);
  }

  private ModelSnapshot begin(TableReading reading, ModelSnapshot taken) {
    ModelSnapshot snapshot = taken;
    while (!reading.begin(snapshot::sees)) {
      snapshot = ModelSnapshot.ofAll(source, taken.table());
    }
    return snapshot;
  }

  private void batches(int bound) {
    for (int i = random.nextInt(bound); i > 0; i--) {
      meanwhile.batch();
    }
  }
}
