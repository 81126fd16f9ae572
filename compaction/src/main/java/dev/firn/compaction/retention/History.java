package dev.firn.compaction.retention;

import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.TableMetadata;
import org.jspecify.annotations.Nullable;

/**
 * What the main branch of a table was.
 *
 * @param chain from its newest snapshot back, each the parent of the one before, up to the first
 *     that is gone
 * @param older before that, newest first: those that an earlier retention has kept
 */
record History(List<Snapshot> chain, List<Snapshot> older) {
  /** From old to new; sequence numbers are all 0 in format v1. */
  static final Comparator<Snapshot> ORDER =
      Comparator.comparingLong(Snapshot::sequenceNumber)
          .thenComparingLong(Snapshot::timestampMillis);

  /**
   * What Iceberg's sinks for Flink, Kafka Connect and Spark's streams look for along the chain when
   * they start; what they do not find they write a second time.
   */
  private static final List<String> NOTES_OF_OTHERS =
      List.of(
          "flink.max-committed-checkpoint-id",
          "kafka.connect.offsets.",
          "spark.sql.streaming.epochId");

  History {
    chain = List.copyOf(chain);
    older = List.copyOf(older);
  }

  static History of(TableMetadata table) {
    List<Snapshot> chain = new ArrayList<>();
    for (Snapshot at = table.currentSnapshot(); at != null; at = parent(table, at)) {
      chain.add(at);
    }
    return new History(chain, chain.isEmpty() ? List.of() : tagged(table, chain.getLast()));
  }

  private static @Nullable Snapshot parent(TableMetadata table, Snapshot snapshot) {
    return snapshot.parentId() == null ? null : table.snapshot(snapshot.parentId());
  }

  /** What is younger and not in the chain was rolled back. */
  private static List<Snapshot> tagged(TableMetadata table, Snapshot before) {
    return table.refs().entrySet().stream()
        .filter(ref -> Tier.isTag(ref.getKey()) || ref.getKey().equals(LakeTables.BASELINE))
        .map(ref -> table.snapshot(ref.getValue().snapshotId()))
        .filter(snapshot -> ORDER.compare(snapshot, before) < 0)
        .distinct()
        .sorted(ORDER.reversed())
        .toList();
  }

  /** All, newest first. */
  List<Snapshot> all() {
    return Stream.concat(chain.stream(), older.stream()).toList();
  }

  /**
   * All at which no batch was made in part only, newest first. After a crash the parts of one batch
   * can be commits of their own, and changelogs know only its number.
   */
  List<Snapshot> atEndsOfBatches() {
    List<Snapshot> whole = new ArrayList<>();
    @Nullable Snapshot next = null;
    for (Snapshot snapshot : all()) {
      boolean marked = isMarked(snapshot);
      if (!marked || next == null || !isEarlierPart(snapshot, next)) {
        whole.add(snapshot);
      }
      next = marked ? snapshot : next;
    }
    return whole;
  }

  private static boolean isEarlierPart(Snapshot snapshot, Snapshot next) {
    return batch(snapshot).equals(batch(next))
        && !position(snapshot).equals(position(next))
        && pipeline(snapshot).equals(pipeline(next));
  }

  /**
   * How many of the chain lead from its newest snapshot to that from which a writer goes on, both
   * counted: the newest with a mark of Firn's, or else with another tool's note of its progress.
   */
  int toNewestMark() {
    int marked = toNewest(History::isMarked);
    return marked > 0 ? marked : toNewest(History::isNoted);
  }

  private int toNewest(Predicate<Snapshot> which) {
    for (int i = 0; i < chain.size(); i++) {
      if (which.test(chain.get(i))) {
        return i + 1;
      }
    }
    return 0;
  }

  private static boolean isNoted(Snapshot snapshot) {
    return snapshot.summary().keySet().stream()
        .anyMatch(key -> NOTES_OF_OTHERS.stream().anyMatch(key::startsWith));
  }

  static boolean isMarked(Snapshot snapshot) {
    return snapshot.summary().containsKey(SummaryKeys.PIPELINE)
        && snapshot.summary().containsKey(SummaryKeys.EPOCH);
  }

  /** The number of the batch that a pipeline's commit was; empty: it was not one. */
  static OptionalLong batch(Snapshot snapshot) {
    return isMarked(snapshot)
        ? OptionalLong.of(Long.parseLong(snapshot.summary().getOrDefault(SummaryKeys.BATCH, "0")))
        : OptionalLong.empty();
  }

  private static String position(Snapshot snapshot) {
    return snapshot.summary().getOrDefault(SummaryKeys.POSITION, "");
  }

  private static String pipeline(Snapshot snapshot) {
    return snapshot.summary().getOrDefault(SummaryKeys.PIPELINE, "");
  }
}
