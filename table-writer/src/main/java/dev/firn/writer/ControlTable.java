package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.OverwriteFiles;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The table in which a pipeline keeps its own state: epoch, offset, registered tables, notes.
 *
 * <p>Each commit replaces its one data file; the epoch is that of the newest snapshot.
 */
final class ControlTable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlTable.class);
  private static final int EXPIRE_EVERY = 50;
  private static final int KEEP_SNAPSHOTS = 10;

  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "kind", Types.StringType.get()),
          Types.NestedField.required(2, "name", Types.StringType.get()),
          Types.NestedField.optional(3, "value", Types.StringType.get()),
          Types.NestedField.optional(4, "table_uuid", Types.StringType.get()),
          Types.NestedField.optional(5, "batch", Types.LongType.get()),
          Types.NestedField.optional(6, "position", Types.StringType.get()),
          Types.NestedField.optional(7, "snapshot_id", Types.LongType.get()));

  /** A table of the pipeline, as of its last commit. */
  record Registered(String uuid, long batch, String position, long snapshotId) {}

  /**
   * @param batch the last batch that is complete in all tables
   * @param position where it ended; empty before the first
   */
  record State(
      long batch,
      String position,
      Optional<SourceOffset> offset,
      Map<String, Registered> tables,
      Map<String, String> notes) {
    static final State EMPTY = new State(0, "", Optional.empty(), Map.of(), Map.of());

    State {
      tables = Collections.unmodifiableMap(new TreeMap<>(tables));
      notes = Map.copyOf(notes);
    }

    State withNote(String name, String value) {
      Map<String, String> more = new HashMap<>(notes);
      more.put(name, value);
      return new State(batch, position, offset, tables, more);
    }

    State withoutNote(String name) {
      Map<String, String> fewer = new HashMap<>(notes);
      fewer.remove(name);
      return new State(batch, position, offset, tables, fewer);
    }

    State withTables(Map<String, Registered> newTables) {
      return new State(batch, position, offset, newTables, notes);
    }
  }

  private final Table table;
  private final String name;
  private final String pipeline;
  private final String writer;
  private final Troubles troubles;
  private long epoch;
  private long snapshotId;
  private @Nullable DataFile file;
  private State state = State.EMPTY;
  private int commits;

  private ControlTable(Table table, PipelineSettings settings, String writer, Troubles troubles) {
    this.table = table;
    this.name = settings.controlTable().toString();
    this.pipeline = settings.name();
    this.writer = writer;
    this.troubles = troubles;
  }

  /** Whether a table is the control table of some pipeline. */
  static boolean isOne(Table table) {
    return table.schema().sameSchema(SCHEMA);
  }

  /** Opens it, making it when it is missing, and raises the epoch. */
  static ControlTable takeOver(
      Tables tables, Catalog catalog, PipelineSettings settings, String writer, Troubles troubles) {
    TableIdentifier name = settings.controlTable();
    Table table =
        catalog.tableExists(name) ? catalog.loadTable(name) : tables.create(name, SCHEMA, 2);
    if (!isOne(table)) {
      throw new PipelineException(
          "table %s is no control table: it was made by someone else; drop or rename it, and register the one before, if there was one, with its newest metadata file"
              .formatted(name));
    }
    ControlTable control = new ControlTable(table, settings, writer, troubles);
    while (true) {
      control.read();
      control.epoch++;
      try {
        control.commitUndisturbed(control.state);
        return control;
      } catch (Head.ForeignCommitException | FencedException e) {
        table.refresh();
      }
    }
  }

  /** Reads it without raising the epoch; empty when there is none. */
  static Optional<PipelineState> look(Catalog catalog, PipelineSettings settings) {
    TableIdentifier name = settings.controlTable();
    if (!catalog.tableExists(name)) {
      return Optional.empty();
    }
    Table table = catalog.loadTable(name);
    ControlTable control = new ControlTable(table, settings, "", new Troubles(catalog, settings));
    control.read();
    Map<TableIdentifier, Long> tables = new HashMap<>();
    control
        .state
        .tables()
        .forEach((member, registered) ->
            tables.put(TableIdentifier.parse(member), registered.snapshotId()));
    return Optional.of(
        new PipelineState(
            control.epoch,
            Marks.of(table.name(), table).map(Mark::writer).orElse("nobody"),
            control.state.batch(),
            control.state.position(),
            tables,
            control.state.notes()));
  }

  long epoch() {
    return epoch;
  }

  State state() {
    return state;
  }

  /**
   * @throws FencedException another writer has taken over
   * @throws PipelineException somebody else changed the control table
   */
  void commit(State next) {
    try {
      commitUndisturbed(next);
    } catch (Head.ForeignCommitException e) {
      var unused = Marks.of(name, table);
      throw new PipelineException(
          "control table %s was changed by someone else; start again: it is read anew, and nothing is lost"
              .formatted(name),
          e);
    }
  }

  /**
   * Raises the epoch above one that an earlier control table has given.
   *
   * @throws FencedException another writer has taken over
   */
  void startAbove(long earlier) {
    epoch = Math.max(epoch, earlier + 1);
    try {
      commitUndisturbed(state);
    } catch (Head.ForeignCommitException e) {
      throw new FencedException(
          "pipeline %s was taken over by another writer: this one commits nothing more"
              .formatted(pipeline));
    }
  }

  private void commitUndisturbed(State next) {
    DataFile written = troubles.overcome(name, table, () -> write(next));
    Mark mark = new Mark(pipeline, epoch, next.batch(), next.position(), writer);
    DataFile last = file;
    Snapshot snapshot =
        new MarkedCommit(name, table, mark, snapshotId, troubles)
            .commit((transaction, head) -> {
              OverwriteFiles overwrite = transaction.newOverwrite().addFile(written);
              overwrite
                  .scanManifestsWith(TableWriter.CALLER_RUNS)
                  .writeManifestsWith(TableWriter.CALLER_RUNS, 1)
                  .validateWith(head);
              if (last != null) {
                overwrite.deleteFile(last);
              }
              mark.values().forEach(overwrite::set);
              overwrite.set(SummaryKeys.COMMIT, head.commit()).commit();
            });
    snapshotId = snapshot.snapshotId();
    file = written;
    state = next;
    if (++commits % EXPIRE_EVERY == 0) {
      expire();
    }
  }

  /** Old states serve nobody: the history of the data is in the tables themselves. */
  private void expire() {
    try {
      table
          .expireSnapshots()
          .expireOlderThan(System.currentTimeMillis())
          .retainLast(KEEP_SNAPSHOTS)
          .executeDeleteWith(TableWriter.CALLER_RUNS)
          .planWith(TableWriter.CALLER_RUNS)
          .commit();
    } catch (RuntimeException e) {
      LOG.warn(
          "{}: cannot remove old snapshots; trying again later: {}", table.name(), e.toString());
    }
  }

  private void read() {
    Snapshot current = table.currentSnapshot();
    snapshotId = current == null ? -1 : current.snapshotId();
    epoch = Marks.of(table.name(), table).map(Mark::epoch).orElse(0L);
    file = null;
    state = State.EMPTY;
    if (current == null) {
      return;
    }
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      tasks.forEach(task -> file = task.file().copy());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + table.name(), e);
    }
    state = readRows();
  }

  private State readRows() {
    Map<String, Registered> tables = new HashMap<>();
    Map<String, String> notes = new HashMap<>();
    Optional<SourceOffset> offset = Optional.empty();
    long batch = 0;
    String position = "";
    try (CloseableIterable<Record> rows = IcebergGenerics.read(table).build()) {
      for (Record row : rows) {
        String name = text(row, "name");
        switch (text(row, "kind")) {
          case "pipeline" -> {
            batch = number(row, "batch");
            position = text(row, "position");
          }
          case "offset" -> offset = Optional.of(new SourceOffset(name, text(row, "value")));
          case "table" ->
              tables.put(
                  name,
                  new Registered(
                      text(row, "table_uuid"),
                      number(row, "batch"),
                      text(row, "position"),
                      number(row, "snapshot_id")));
          default -> notes.put(name, text(row, "value"));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + table.name(), e);
    }
    return new State(batch, position, offset, tables, notes);
  }

  private DataFile write(State next) {
    List<Record> rows = new ArrayList<>();
    rows.add(row("pipeline", pipeline, Map.of("batch", next.batch(), "position", next.position())));
    next.offset()
        .ifPresent(o -> rows.add(row("offset", o.partition(), Map.of("value", o.offset()))));
    new TreeMap<>(next.tables())
        .forEach((name, t) ->
            rows.add(
                row(
                    "table",
                    name,
                    Map.of(
                        "table_uuid", t.uuid(),
                        "batch", t.batch(),
                        "position", t.position(),
                        "snapshot_id", t.snapshotId()))));
    new TreeMap<>(next.notes())
        .forEach((name, value) -> rows.add(row("note", name, Map.of("value", value))));
    try {
      DataWriter<Record> out =
          FormatModelRegistry.<Record, Schema>dataWriteBuilder(
                  FileFormat.AVRO,
                  Record.class,
                  OutputFileFactory.builderFor(table, 1, 1)
                      .operationId(UUID.randomUUID().toString())
                      .format(FileFormat.AVRO)
                      .build()
                      .newOutputFile())
              .schema(table.schema())
              .spec(table.spec())
              .build();
      try (out) {
        rows.forEach(out::write);
      }
      return out.toDataFile();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + table.name(), e);
    }
  }

  private static Record row(String kind, String name, Map<String, Object> values) {
    Record row = GenericRecord.create(SCHEMA);
    row.setField("kind", kind);
    row.setField("name", name);
    values.forEach(row::setField);
    return row;
  }

  private static String text(Record row, String field) {
    Object value = row.getField(field);
    return value == null ? "" : value.toString();
  }

  private static long number(Record row, String field) {
    Object value = row.getField(field);
    return value == null ? 0 : (Long) value;
  }
}
