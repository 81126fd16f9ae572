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
    Optional<Mark> history = Mark.newest(SnapshotUtil.currentAncestors(table));
    Optional<Mark> copy = Mark.in(table.properties());
    if (history.isEmpty() || copy.isEmpty()) {
      return copy;
    }
    if (!history.orElseThrow().equals(copy.orElseThrow())) {
      throw new PipelineException(
          "table %s was rolled back: its history ends at batch %d (%s), its last commit was batch %d (%s). %s"
              .formatted(
                  name,
                  history.orElseThrow().batch(),
                  history.orElseThrow().position(),
                  copy.orElseThrow().batch(),
                  copy.orElseThrow().position(),
                  waysOn(name, table, copy.orElseThrow())));
    }
    return history;
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
