package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.CountedPosition;
import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.LakeTables;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.SummaryKeys;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/**
 * A table that a pipeline of its own writes to, some batches a second, on a thread of its own; and
 * what it must hold.
 *
 * <p>A batch inserts, updates and deletes a few of the newest rows; every twentieth updates one of
 * the first instead.
 */
final class LiveTable implements AutoCloseable {
  private static final Duration LONG_AGO = Duration.ofDays(9);

  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()));

  /** Rows of the initial snapshot: those with lower ids, which are never deleted. */
  static final int FIRST_ROWS = 2000;

  /** So many of the newest rows change; others than the first do no more. */
  static final int NEW_ROWS = 24;

  private static final int CHANGES = 4;
  private static final int OLD_ROW_EVERY = 20;

  private final Catalog catalog;
  private final TableIdentifier name;
  private final Pipeline pipeline;
  private final RowTarget target;
  private final Random random;
  private final TreeMap<Integer, String> rows = new TreeMap<>();

  /** What the table holds at each position. */
  private final Map<Long, Map<Integer, String>> states = new ConcurrentHashMap<>();

  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private @Nullable ScheduledFuture<?> writing;
  private volatile long position = 1;
  private int nextId;

  private LiveTable(Catalog catalog, TableIdentifier name, int formatVersion, long seed) {
    this.catalog = catalog;
    this.name = name;
    this.random = new Random(seed);
    this.pipeline =
        Pipeline.takeOver(
            catalog,
            new PipelineSettings(
                name.name(), Namespace.of("firn"), formatVersion, Map.of(), 128L << 20),
            CountedPosition::parse,
            Runnable::run);
    this.target = pipeline.open(new TableDefinition(name, SCHEMA, List.of("id")));
  }

  /** Makes it, with its first rows; nothing is written to it yet. */
  static LiveTable create(Catalog catalog, TableIdentifier name, int formatVersion, long seed) {
    LiveTable table = new LiveTable(catalog, name, formatVersion, seed);
    InitialSnapshot first = table.pipeline.initialSnapshot();
    for (int i = 0; i < FIRST_ROWS; i++) {
      first.add(name, table.row(table.insertNew("first")));
    }
    first.publish(CountedPosition.end(table.position));
    table.states.put(table.position, Map.copyOf(table.rows));
    return table;
  }

  TableIdentifier name() {
    return name;
  }

  TableIdentifier changelog() {
    return LakeTables.changelogOf(name);
  }

  Table load() {
    return catalog.loadTable(name);
  }

  /** Begins to write, until {@link #stop}, with such a pause after each batch. */
  void write(Duration pause) {
    writing =
        thread.scheduleWithFixedDelay(this::commit, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Batches that are committed. */
  long batches() {
    return position;
  }

  /** Whether it still writes: a batch that fails is the last one. */
  boolean writes() {
    return writing != null && !writing.isDone();
  }

  /** Writes no more; what it was at is complete. */
  void stop() throws Exception {
    if (writing != null && !writing.cancel(false)) {
      writing.get();
    }
    thread.submit(() -> {}).get();
    writing = null;
  }

  /** Makes some batches. */
  void commit(int count) {
    for (int i = 0; i < count; i++) {
      commit();
    }
  }

  /** Makes one batch. */
  void commit() {
    long next = position + 1;
    List<TableChange> changes =
        next % OLD_ROW_EVERY == 0 ? List.of(update(random.nextInt(FIRST_ROWS))) : newChanges();
    states.put(next, Map.copyOf(rows));
    Batch batch = pipeline.newBatch();
    batch.add(new SourceTransaction(changes, CountedPosition.end(next)));
    pipeline.commit(pipeline.prepare(batch));
    var unused = pipeline.settle();
    position = next;
  }

  private List<TableChange> newChanges() {
    List<TableChange> changes = new ArrayList<>();
    for (int i = 0; i < CHANGES; i++) {
      changes.add(upsert(insertNew("new"), RowChange.Insert::new));
      changes.add(update(newRow()));
    }
    changes.add(delete(newRow()));
    return changes;
  }

  private int insertNew(String value) {
    rows.put(nextId, value);
    return nextId++;
  }

  private int newRow() {
    int from = Math.max(FIRST_ROWS, nextId - NEW_ROWS);
    return rows.ceilingKey(from + random.nextInt(nextId - from));
  }

  private TableChange update(int id) {
    rows.put(id, "at " + position);
    return upsert(id, RowChange.Update::new);
  }

  private TableChange delete(int id) {
    rows.remove(id);
    Record row = row(id);
    return change(new RowChange.Delete(target.keys().keyOf(row), row));
  }

  private interface Upsert {
    RowChange of(RowKey key, Record row);
  }

  private TableChange upsert(int id, Upsert upsert) {
    Record row = row(id);
    return change(upsert.of(target.keys().keyOf(row), row));
  }

  private TableChange change(RowChange change) {
    return new TableChange(name, change, 100);
  }

  private Record row(int id) {
    Record row = GenericRecord.create(target.written());
    row.set(0, id);
    row.set(1, rows.get(id));
    return row;
  }

  /** What it must have held at a snapshot; empty where the history before is gone. */
  private Optional<Map<Integer, String>> expectedAt(Snapshot snapshot) {
    return CountedPosition.of(load(), snapshot)
        .flatMap(place -> Optional.ofNullable(states.get(place.at())));
  }

  /** Makes all its files seem older than any transaction, but one. */
  void age(Path except) {
    FileTime time = FileTime.from(Instant.now().minus(LONG_AGO));
    try (Stream<Path> files = Files.walk(folder())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.equals(except)) {
          Files.setLastModifiedTime(file, time);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where its files lie. */
  Path folder() {
    return Path.of(URI.create(load().location()));
  }

  /** It holds what it must, in every snapshot; so say baseline and changelog. */
  void check() {
    for (Snapshot snapshot : load().snapshots()) {
      Map<Integer, String> read = read(snapshot.snapshotId());
      expectedAt(snapshot)
          .ifPresent(
              expected -> assertThat(read).as("%s in %s", name, snapshot).isEqualTo(expected));
    }
    assertThat(read(load().currentSnapshot().snapshotId())).as(name.toString()).isEqualTo(rows);
    assertThat(replayed()).as("changelog of %s", name).isEqualTo(rows);
  }

  /** Reads every snapshot of the changelog to its end. */
  void readChangelog() {
    Table changelog = catalog.loadTable(changelog());
    for (Snapshot snapshot : changelog.snapshots()) {
      var unused = records(changelog, snapshot.snapshotId(), changelog.schema());
    }
  }

  /** What Iceberg's own reader finds in a snapshot; a key that is there twice fails. */
  Map<Integer, String> read(long snapshotId) {
    Map<Integer, String> read = new TreeMap<>();
    for (Record row : records(load(), snapshotId, SCHEMA)) {
      put(read, row);
    }
    return read;
  }

  private static void put(Map<Integer, String> rows, Record row) {
    String before = rows.put((Integer) row.getField("id"), (String) row.getField("name"));
    if (before != null) {
      throw new IllegalStateException("row %s is there twice".formatted(row.getField("id")));
    }
  }

  /** What names a row for ever, and its last change. */
  record Lineage(long rowId, long lastUpdated) {}

  /** The lineage of each key's row. */
  Map<Integer, Lineage> lineage() {
    Table table = load();
    Map<Integer, Lineage> lineage = new TreeMap<>();
    Schema schema = MetadataColumns.schemaWithRowLineage(table.schema());
    for (Record row : records(table, table.currentSnapshot().snapshotId(), schema)) {
      lineage.put(
          (Integer) row.getField("id"),
          new Lineage(
              (Long) row.getField("_row_id"),
              (Long) row.getField("_last_updated_sequence_number")));
    }
    return lineage;
  }

  /** What baseline and changelog lead to. */
  Map<Integer, String> replayed() {
    Snapshot baseline = load().snapshot(LakeTables.BASELINE);
    Map<Integer, String> replayed = read(baseline.snapshotId());
    long batch = Long.parseLong(baseline.summary().get(SummaryKeys.BATCH));
    Table changelog = catalog.loadTable(changelog());
    records(changelog, changelog.currentSnapshot().snapshotId(), changelog.schema()).stream()
        .filter(change -> (Long) change.getField("_batch") > batch)
        .sorted(
            Comparator.<Record>comparingLong(change -> (Long) change.getField("_batch"))
                .thenComparingLong(change -> (Long) change.getField("_sequence")))
        .forEach(change -> apply(change, replayed));
    return replayed;
  }

  private static void apply(Record change, Map<Integer, String> rows) {
    Integer id = (Integer) change.getField("id");
    if (change.getField("_op").equals("d")) {
      rows.remove(id);
    } else {
      rows.put(id, (String) change.getField("name"));
    }
  }

  private static List<Record> records(Table table, long snapshotId, Schema columns) {
    List<Record> records = new ArrayList<>();
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(table).useSnapshot(snapshotId).project(columns).build()) {
      read.forEach(records::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return records;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
