package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.testing.ChangelogRows;
import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** Compares the changelogs, change by change, with what the source did since their baselines. */
final class ChangelogCheck {

  /** A change as the changelog should tell it, but for the batch. */
  private record Change(
      String op, String position, String transaction, int order, List<@Nullable Object> values) {}

  /**
   * What was found right in one changelog.
   *
   * @param baseline the snapshot before its first change
   * @param upTo all changes from there to a position
   * @param snapshotId in this snapshot of the changelog
   */
  private record Known(long baseline, ModelPosition upTo, long snapshotId) {}

  private final ModelSource source;
  private final LakeReader lake;
  private final Map<SourceTable, String> checked = new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, Known> known = new EnumMap<>(SourceTable.class);

  ChangelogCheck(ModelSource source, LakeReader lake) {
    this.source = source;
    this.lake = lake;
  }

  /**
   * Each changelog holds every change since the baseline once and in order: all up to the last
   * complete batch, and where it is ahead, all up to the end of its own last batch. What an earlier
   * check has found right is not read again.
   */
  void check(ModelPosition complete) {
    for (SourceTable table : source.tables()) {
      check(table, lake.load(table).orElseThrow(), complete);
    }
  }

  /** The same, and all of it is read. */
  void checkAnew(ModelPosition complete) {
    checked.clear();
    known.clear();
    check(complete);
  }

  private void check(SourceTable table, Table state, ModelPosition complete) {
    Table log =
        lake.loadChangelog(table)
            .orElseThrow(() -> new InvariantViolation(table + " has no changelog"));
    SnapshotRef tag = state.refs().get(LakeTables.BASELINE);
    if (tag == null) {
      throw new InvariantViolation(table + " has no baseline");
    }
    Optional<ModelPosition> own = LakeReader.position(log, log.currentSnapshot());
    ModelPosition upTo = own.filter(position -> position.isAfter(complete)).orElse(complete);
    String now = tag.snapshotId() + " " + log.currentSnapshot() + " " + upTo;
    if (now.equals(checked.put(table, now))) {
      return;
    }
    Snapshot baseline = state.snapshot(tag.snapshotId());
    Known last = known.get(table);
    boolean anew =
        last == null
            || last.baseline() != baseline.snapshotId()
            || last.upTo().isAfter(upTo)
            || !ChangelogRows.isAppendedOnly(log, last.snapshotId());
    List<Record> rows =
        anew
            ? ChangelogRows.since(baseline, log)
            : ChangelogRows.appended(log, requireNonNull(last).snapshotId());
    ModelPosition from =
        anew ? LakeReader.position(state, baseline).orElseThrow() : requireNonNull(last).upTo();
    List<Change> expected = expected(table, from, upTo);
    List<Change> found = rows.stream().map(row -> found(table, row)).toList();
    if (!found.equals(expected)) {
      throw new InvariantViolation(
          "the changelog of %s from %s to %s differs from the source: %s"
              .formatted(table, from, upTo, firstDifference(expected, found)));
    }
    if (anew) {
      checkNumbers(table, state, rows);
    }
    known.put(table, new Known(baseline.snapshotId(), upTo, log.currentSnapshot().snapshotId()));
  }

  /**
   * What a snapshot of the table has is told under the number of its batch or an earlier one, and
   * what it has not under that or a later one: that, if a crash has cut the batch in two.
   */
  private static void checkNumbers(SourceTable table, Table state, List<Record> rows) {
    Map<Long, ModelPosition> ends = new HashMap<>();
    for (Snapshot snapshot : state.snapshots()) {
      String position = snapshot.summary().getOrDefault(SummaryKeys.POSITION, "");
      if (!position.isEmpty()) {
        ends.merge(
            Long.parseLong(snapshot.summary().get(SummaryKeys.BATCH)),
            ModelPosition.parse(position),
            (a, b) -> a.isAfter(b) ? a : b);
      }
    }
    ends.forEach((batch, end) -> {
      for (Record row : rows) {
        long number = requireNonNull((Long) row.getField("_batch"));
        boolean after = ModelPosition.parse(text(row, "_position")).isAfter(end);
        if (after ? number < batch : number > batch) {
          throw new InvariantViolation(
              "%s has batch %d up to %s, but its changelog tells the change at %s under batch %d"
                  .formatted(table, batch, end, text(row, "_position"), number));
        }
      }
    });
  }

  private List<Change> expected(SourceTable table, ModelPosition after, ModelPosition upTo) {
    List<Change> changes = new ArrayList<>();
    for (ModelTransaction transaction : source.after(after)) {
      if (transaction.end().isAfter(upTo)) {
        break;
      }
      for (int i = 0; i < transaction.changes().size(); i++) {
        ModelChange change = transaction.changes().get(i);
        if (change.table() == table) {
          changes.addAll(expected(transaction, i, change));
        }
      }
    }
    return changes;
  }

  /**
   * What is told of a change: of an update without a key or of one, the row that went and the one
   * that came.
   */
  private static List<Change> expected(
      ModelTransaction transaction, int order, ModelChange change) {
    if (change instanceof ModelChange.Update update && update.isOfTwoRows()) {
      return List.of(
          told(transaction, order, new ModelChange.Delete(update.table(), update.before())),
          told(transaction, order, new ModelChange.Insert(update.table(), update.after())));
    }
    return List.of(told(transaction, order, change));
  }

  private static Change told(ModelTransaction transaction, int order, ModelChange change) {
    List<@Nullable Object> none = new ArrayList<>();
    change.table().columns().forEach(column -> none.add(null));
    List<@Nullable Object> values =
        switch (change) {
          case ModelChange.Insert(SourceTable unused, ModelRow row) -> row.values();
          case ModelChange.Update update -> update.after().values();
          case ModelChange.Delete(SourceTable table, ModelRow row) -> {
            for (int i = 0; i < none.size(); i++) {
              if (!table.isKeyed() || table.isKey(i)) {
                none.set(i, row.values().get(i));
              }
            }
            yield none;
          }
          case ModelChange.Truncate unused -> none;
        };
    String end = transaction.end().toString();
    return new Change(
        op(change), end, "x" + end, order, transaction.columns().get(order).of(values));
  }

  private static String op(ModelChange change) {
    return switch (change) {
      case ModelChange.Insert unused -> "c";
      case ModelChange.Update unused -> "u";
      case ModelChange.Delete unused -> "d";
      case ModelChange.Truncate unused -> "t";
    };
  }

  private static Change found(SourceTable table, Record row) {
    return new Change(
        text(row, "_op"),
        text(row, "_position"),
        text(row, "_transaction"),
        requireNonNull((Integer) row.getField("_order")),
        LakeReader.values(table, row));
  }

  private static String text(Record row, String field) {
    return requireNonNull(row.getField(field)).toString();
  }

  private static String firstDifference(List<Change> expected, List<Change> found) {
    for (int i = 0; i < Math.max(expected.size(), found.size()); i++) {
      Object wanted = i < expected.size() ? expected.get(i) : "nothing";
      Object got = i < found.size() ? found.get(i) : "nothing";
      if (!wanted.equals(got)) {
        return "change %d of %d (%d found) is %s, not %s"
            .formatted(i, expected.size(), found.size(), got, wanted);
      }
    }
    return "none";
  }
}
