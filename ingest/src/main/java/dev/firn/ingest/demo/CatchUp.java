package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/** Waits until the lake has what the source has. */
final class CatchUp {
  private static final Duration NO_PROGRESS = Duration.ofSeconds(150);

  private CatchUp() {}

  /**
   * Returns when every table of the shop shows the mark, and its changelog as well.
   *
   * @throws CommandException the sink has failed, or nothing new has come for a long time
   */
  static void await(LakeView lake, SinkProcess sink, OffsetDateTime mark)
      throws InterruptedException {
    await(
        Stream.concat(Shop.FILLED.stream(), Shop.FILLED.stream().map(LakeView::changelogOf))
            .toList(),
        lake,
        sink,
        mark);
  }

  /** Returns when every table of the shop shows the mark; it may come by the initial snapshot. */
  static void awaitTables(LakeView lake, SinkProcess sink, OffsetDateTime mark)
      throws InterruptedException {
    await(Shop.FILLED, lake, sink, mark);
  }

  private static void await(
      List<String> names, LakeView lake, SinkProcess sink, OffsetDateTime mark)
      throws InterruptedException {
    Set<String> behind = new HashSet<>(names);
    Map<String, Long> seen = new HashMap<>();
    Instant progress = Instant.now();
    while (true) {
      for (String name : names) {
        if (behind.contains(name) && changed(lake.table(name), name, seen)) {
          progress = Instant.now();
          if (lake.shows(name, mark)) {
            behind.remove(name);
          }
        }
      }
      if (behind.isEmpty()) {
        return;
      }
      if (sink.failure().isPresent()) {
        throw sink.failure().orElseThrow();
      }
      if (Duration.between(progress, Instant.now()).compareTo(NO_PROGRESS) > 0) {
        throw new CommandException(
            CommandException.FAILED,
            "nothing new has reached the lake for %d s; the end of the sink's log:%n%s"
                .formatted(NO_PROGRESS.toSeconds(), sink.tail()));
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** Whether the table has another snapshot than the last time that this was asked. */
  private static boolean changed(Optional<Table> table, String name, Map<String, Long> seen) {
    Optional<Long> snapshot = table.map(Table::currentSnapshot).map(Snapshot::snapshotId);
    return snapshot.isPresent()
        && !snapshot.orElseThrow().equals(seen.put(name, snapshot.orElseThrow()));
  }
}
