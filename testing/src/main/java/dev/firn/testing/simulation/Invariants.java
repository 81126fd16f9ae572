package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.cleaning.Unreachable;
import dev.firn.testing.simulation.LakeReader.LakeRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;

/** Compares the lake with the source. */
final class Invariants {

  /**
   * Rows that somebody else appended to a table.
   *
   * @param sequence the sequence number of the snapshot that has them first
   */
  record ForeignRows(
      SourceTable table, long sequence, ModelPosition tableAt, List<List<@Nullable Object>> rows) {}

  /** What was compared with what: the same need not be compared again. */
  private record State(String metadata, Optional<ModelPosition> lastChange) {}

  private final ModelSource source;
  private final LakeReader lake;
  private final List<ForeignRows> foreign = new ArrayList<>();

  /** The sequence numbers of the snapshots that have these rows no more, by the first to have. */
  private final Map<Long, Long> gone = new HashMap<>();

  private final Set<Long> movedBaselines = new HashSet<>();
  private boolean isBaselineMoving;

  /** The sequence numbers of the snapshots that were read from the source. */
  private final Map<SourceTable, Set<Long>> readings = new EnumMap<>(SourceTable.class);

  private final Map<SourceTable, Map<Long, Long>> identities = new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, Map<Long, List<@Nullable Object>>> owners =
      new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, Set<Long>> seen = new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, State> checked = new EnumMap<>(SourceTable.class);
  private long checks;
  private long vectors;

  Invariants(ModelSource source, LakeReader lake) {
    this.source = source;
    this.lake = lake;
    for (SourceTable table : source.tables()) {
      identities.put(table, new HashMap<>());
      owners.put(table, new HashMap<>());
      seen.put(table, new HashSet<>());
      readings.put(table, new HashSet<>());
    }
  }

  /** How many tables were compared. */
  long checks() {
    return checks;
  }

  /** How many deletion vectors were committed. */
  long vectors() {
    return vectors;
  }

  void expect(ForeignRows rows) {
    foreign.add(rows);
  }

  /** Somebody else has deleted rows that were appended. */
  void expectGone(ForeignEngine.Deleted deleted) {
    gone.put(deleted.appended(), deleted.deleted());
  }

  /**
   * Each table holds what its source held at one position: that of the last batch which is known to
   * be complete, or, where the table is ahead, at the end of a batch that was begun since.
   *
   * @param complete the end of the last complete batch; empty before the initial snapshot is
   *     published
   * @param begun the ends of the batches that may have been committed in part since
   */
  void check(Optional<ModelPosition> complete, Set<ModelPosition> begun) {
    for (SourceTable table : source.tables()) {
      check(table, complete, begun);
    }
  }

  /** The same of one table. */
  void check(SourceTable table, Optional<ModelPosition> complete, Set<ModelPosition> begun) {
    Optional<Table> loaded = lake.load(table);
    require(loaded.isPresent() || complete.isEmpty(), "%s is missing", table);
    loaded.ifPresent(found -> check(table, found, complete, begun));
  }

  private void check(
      SourceTable table, Table loaded, Optional<ModelPosition> complete, Set<ModelPosition> begun) {
    Optional<ModelPosition> own = LakeReader.position(loaded, loaded.currentSnapshot());
    boolean ahead =
        own.isPresent()
            && (complete.isEmpty() || own.orElseThrow().isAfter(complete.orElseThrow()));
    require(
        !ahead || begun.contains(own.orElseThrow()),
        "%s is ahead at %s, which is no end of a batch of %s",
        table,
        own,
        begun);
    Optional<ModelPosition> at = ahead ? own : complete;
    State state = new State(currentMetadata(loaded), at.map(p -> source.lastChange(table, p)));
    if (state.equals(checked.put(table, state))) {
      return;
    }
    checks++;
    if (!isBaselineMoving) {
      noteReadings(table, loaded);
    }
    List<LakeRow> rows = lake.rows(table, loaded, loaded.currentSnapshot());
    compare(table, loaded.currentSnapshot(), at, rows);
    if (complete.isPresent()) {
      // Before, the initial snapshot may be read again, and its rows come as new ones.
      checkIdentities(table, loaded, at, rows);
    }
    checkNewSnapshots(table, loaded);
    checkSummaries(table, loaded);
  }

  private static String currentMetadata(Table loaded) {
    return ((BaseTable) loaded).operations().current().metadataFileLocation();
  }

  /** Reads some of the table's older snapshots: each is what the source was at its position. */
  void checkHistory(int snapshotsPerTable, RandomGenerator random) {
    for (SourceTable table : source.tables()) {
      Table loaded = lake.load(table).orElseThrow();
      // without what an initial snapshot appended to its branch before it was published, and
      // those of others that have outlived the ones which told their position
      List<Snapshot> ancestry = new ArrayList<>(LakeReader.ancestry(loaded));
      ancestry.retainAll(
          loaded.history().stream().map(seen -> loaded.snapshot(seen.snapshotId())).toList());
      ancestry.removeIf(snapshot -> LakeReader.position(loaded, snapshot).isEmpty());
      for (int i = 0; i < snapshotsPerTable && !ancestry.isEmpty(); i++) {
        Snapshot snapshot = ancestry.get(random.nextInt(ancestry.size()));
        compare(
            table,
            snapshot,
            LakeReader.position(loaded, snapshot),
            lake.rows(table, loaded, snapshot));
      }
    }
  }

  private void compare(
      SourceTable table,
      @Nullable Snapshot snapshot,
      Optional<ModelPosition> at,
      List<LakeRow> rows) {
    Map<List<@Nullable Object>, Integer> difference = new HashMap<>();
    if (at.isPresent()) {
      source
          .rows(table, at.orElseThrow())
          .forEach(row -> difference.merge(row.values(), 1, Integer::sum));
      foreignRows(table, snapshot, at.orElseThrow())
          .forEach(row -> difference.merge(row, 1, Integer::sum));
    }
    rows.forEach(row -> difference.merge(row.values(), -1, Integer::sum));
    difference.values().removeIf(count -> count == 0);
    if (!difference.isEmpty()) {
      throw new InvariantViolation(
          "%s differs from its source at %s: %s".formatted(table, at, describe(table, difference)));
    }
  }

  private List<List<@Nullable Object>> foreignRows(
      SourceTable table, @Nullable Snapshot snapshot, ModelPosition at) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (ForeignRows some : foreign) {
      boolean in =
          some.table() == table
              && snapshot != null
              && some.sequence() <= snapshot.sequenceNumber()
              && gone.getOrDefault(some.sequence(), Long.MAX_VALUE) > snapshot.sequenceNumber()
              && !isReadSince(table, snapshot.sequenceNumber(), some.sequence());
      if (in && !source.truncated(table, some.tableAt(), at)) {
        rows.addAll(some.rows());
      }
    }
    return rows;
  }

  /** Whether the table was read from its source after one snapshot and up to another. */
  private boolean isReadSince(SourceTable table, long until, long after) {
    return requireNonNull(readings.get(table)).stream()
        .anyMatch(read -> after < read && read <= until);
  }

  /** From now on the baseline of a table may move, which is no reading from its source. */
  void beforeBaselineMoves(SourceTable table) {
    lake.load(table).ifPresent(loaded -> noteReadings(table, loaded));
    isBaselineMoving = true;
  }

  /** It has moved to this snapshot, or not. */
  void afterBaselineMoves(Optional<Long> snapshotId) {
    snapshotId.ifPresent(movedBaselines::add);
    isBaselineMoving = false;
  }

  private void noteReadings(SourceTable table, Table loaded) {
    loaded.refs().entrySet().stream()
        .filter(ref -> ref.getKey().startsWith("firn_baseline"))
        .map(ref -> ref.getValue().snapshotId())
        .filter(snapshot -> !movedBaselines.contains(snapshot))
        .forEach(snapshot ->
            requireNonNull(readings.get(table)).add(loaded.snapshot(snapshot).sequenceNumber()));
  }

  private String describe(SourceTable table, Map<List<@Nullable Object>, Integer> difference) {
    List<String> lines = new ArrayList<>();
    difference.forEach((row, count) ->
        lines.add(
            "%s %d x %s; its key: %s"
                .formatted(
                    count > 0 ? "missing" : "surplus",
                    Math.abs(count),
                    shorten(row),
                    source.history(table, table.keyOf(new ModelRow(0, row))))));
    int shown = Math.min(lines.size(), 8);
    return "%d rows%n  %s"
        .formatted(
            lines.size(), String.join(System.lineSeparator() + "  ", lines.subList(0, shown)));
  }

  private static String shorten(List<@Nullable Object> row) {
    String text = row.toString();
    return text.length() <= 160 ? text : text.substring(0, 160) + "...";
  }

  /** A row keeps its id from its insert to its delete, and no two rows ever share one. */
  private void checkIdentities(
      SourceTable table, Table loaded, Optional<ModelPosition> at, List<LakeRow> rows) {
    if (TableUtil.formatVersion(loaded) < 3 || at.isEmpty()) {
      return;
    }
    Map<List<@Nullable Object>, Long> idOf = new HashMap<>();
    Set<Long> ids = new HashSet<>();
    for (LakeRow row : rows) {
      Long id = row.id();
      require(id != null, "%s has a row without _row_id: %s", table, row);
      require(ids.add(requireNonNull(id)), "%s has two rows of _row_id %s: %s", table, id, row);
      idOf.put(row.values(), id);
    }
    Collection<ModelRow> expected = source.rows(table, at.orElseThrow());
    Map<Long, Long> known = requireNonNull(identities.get(table));
    Map<Long, List<@Nullable Object>> owner = requireNonNull(owners.get(table));
    Map<Long, Long> now = new HashMap<>();
    for (ModelRow row : expected) {
      if (source.isAmbiguous(table, row.instance())) {
        continue;
      }
      Long id = requireNonNull(idOf.get(row.values()));
      Long before = known.getOrDefault(row.instance(), id);
      require(
          before.equals(id), "%s: _row_id %s became %s by an update: %s", table, before, id, row);
      if (table.isKeyed()) {
        List<@Nullable Object> key = table.keyOf(row);
        List<@Nullable Object> other = owner.putIfAbsent(id, key);
        require(
            other == null || other.equals(key),
            "%s: _row_id %s went from key %s to %s",
            table,
            id,
            other,
            key);
      }
      now.put(row.instance(), id);
    }
    known.clear();
    known.putAll(now);
  }

  /** Looks at each file: no equality deletes, and no file with two vectors. */
  void checkFiles() {
    for (SourceTable table : source.tables()) {
      Table loaded = lake.load(table).orElseThrow();
      boolean vectorsOnly = TableUtil.formatVersion(loaded) >= 3;
      try (CloseableIterable<FileScanTask> tasks = loaded.newScan().planFiles()) {
        for (FileScanTask task : tasks) {
          checkFile(table, task, vectorsOnly);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Nothing lies in the folders of the tables that their metadata does not reach. */
  void checkUnreachable() {
    for (SourceTable table : source.tables()) {
      requireClean(lake.load(table).orElseThrow());
      lake.loadChangelog(table).ifPresent(Invariants::requireClean);
    }
  }

  private static void requireClean(Table table) {
    Unreachable left = Unreachable.in(table);
    require(left.files() == 0, "%s: nothing reaches %s", table.name(), left.examples());
  }

  private static void checkFile(SourceTable table, FileScanTask task, boolean vectorsOnly) {
    String file = task.file().location();
    require(
        !vectorsOnly || task.deletes().size() <= 1,
        "%s: %s vectors on %s",
        table,
        task.deletes().size(),
        file);
    for (DeleteFile delete : task.deletes()) {
      require(
          delete.content() == FileContent.POSITION_DELETES,
          "%s: equality deletes on %s",
          table,
          file);
      require(
          !vectorsOnly || delete.format() == FileFormat.PUFFIN,
          "%s: %s is no vector",
          table,
          delete.location());
    }
  }

  private void checkNewSnapshots(SourceTable table, Table loaded) {
    for (Snapshot snapshot : loaded.snapshots()) {
      if (requireNonNull(seen.get(table)).add(snapshot.snapshotId())) {
        Map<String, String> summary = snapshot.summary();
        require(
            number(summary, SnapshotSummary.TOTAL_EQ_DELETES_PROP) == 0,
            "%s has equality deletes: %s",
            table,
            summary);
        vectors += number(summary, SnapshotSummary.ADDED_DVS_PROP);
      }
    }
  }

  private static long number(Map<String, String> summary, String key) {
    return Long.parseLong(summary.getOrDefault(key, "0"));
  }

  /** Epoch, batch and position never go back along main. */
  private void checkSummaries(SourceTable table, Table loaded) {
    for (String key : List.of("firn.epoch", "firn.batch", "firn.position")) {
      int radix = key.equals("firn.position") ? 16 : 10;
      long newer = Long.MAX_VALUE;
      for (Snapshot snapshot : LakeReader.ancestry(loaded)) {
        String text = snapshot.summary().get(key);
        if (text == null || text.isEmpty()) {
          continue;
        }
        long value = Long.parseLong(text, radix);
        require(value <= newer, "%s: %s went back from %s to %s", table, key, value, newer);
        newer = value;
      }
    }
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static void require(boolean holds, String format, @Nullable Object... arguments) {
    if (!holds) {
      throw new InvariantViolation(format.formatted(arguments));
    }
  }
}
