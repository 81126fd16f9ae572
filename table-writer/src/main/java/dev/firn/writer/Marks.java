package dev.firn.writer;

import java.util.Comparator;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/** Finds what the last commit of a pipeline left in a table. */
final class Marks {
  private Marks() {}

  /**
   * The newest mark in the table's history; where foreign maintenance has expired the snapshot that
   * bore it, the copy in the table's properties.
   *
   * @throws PipelineException the table was rolled back: its properties tell of a later commit
   */
  static Optional<Mark> of(String name, Table table) {
    Optional<Mark> copy = Mark.in(table.properties());
    if (isRolledBack(table)) {
      throw new PipelineException(
          "table %s was rolled back: %s, its last commit was batch %d (%s). %s"
              .formatted(
                  name,
                  Mark.newest(SnapshotUtil.currentAncestors(table))
                      .map(mark ->
                          "its history ends at batch %d (%s)"
                              .formatted(mark.batch(), mark.position()))
                      .orElse("its history has no batch"),
                  copy.orElseThrow().batch(),
                  copy.orElseThrow().position(),
                  waysOn(name, table, copy.orElseThrow())));
    }
    return copy;
  }

  /**
   * Whether the history ends before the commit that the properties tell of. Where it has no mark,
   * the snapshot that bore it was expired, unless it is still there and newer than main.
   */
  static boolean isRolledBack(Table table) {
    Optional<Mark> copy = Mark.in(table.properties());
    Optional<Mark> history = Mark.newest(SnapshotUtil.currentAncestors(table));
    if (copy.isEmpty() || history.isPresent()) {
      return copy.isPresent() && !history.equals(copy);
    }
    Snapshot main = table.currentSnapshot();
    long newest = main == null ? -1 : main.sequenceNumber();
    return StreamSupport.stream(table.snapshots().spliterator(), false)
        .anyMatch(snapshot ->
            snapshot.sequenceNumber() > newest && Mark.in(snapshot.summary()).equals(copy));
  }

  private static String waysOn(String name, Table table, Mark last) {
    String anew = "drop it and the pipeline's control table: all tables are then read anew";
    return StreamSupport.stream(table.snapshots().spliterator(), false)
        .filter(snapshot -> Mark.in(snapshot.summary()).equals(Optional.of(last)))
        .max(Comparator.comparingLong(Snapshot::sequenceNumber))
        .map(snapshot ->
            "Set it forward again (Spark: CALL system.set_current_snapshot('%s', %d)), or %s"
                .formatted(name, snapshot.snapshotId(), anew))
        .orElse("That snapshot has been expired: " + anew);
  }

  static void requireSame(String name, Table table, Mark mark) {
    Optional<Mark> found = of(name, table);
    if (found.isPresent() && found.orElseThrow().epoch() > mark.epoch()) {
      throw Head.fenced(mark.pipeline(), mark.epoch(), found.orElseThrow());
    }
    if (!found.equals(Optional.of(mark))) {
      throw new PipelineException(
          "table %s no longer holds this writer's last commit (batch %d, position %s): it was rolled back or replaced"
              .formatted(name, mark.batch(), mark.position()));
    }
  }
}
