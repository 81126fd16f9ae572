package dev.firn.ingest;

import dev.firn.writer.CommitProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Judges whether a pipeline does its work, by what is known of it at one instant. */
final class Readiness {
  static final String PIPELINE = "pipeline";
  static final String SOURCE = "source";
  static final String COMMIT = "commit";
  static final String MEMORY = "memory";
  static final String QUARANTINE = "quarantine";

  /** What the check {@value #PIPELINE} says of tables that are being read beside the stream. */
  static final String READING = "reading";

  /** The JVM's heap. */
  record Heap(long usedBytes, long maxBytes) {
    static Heap now() {
      Runtime runtime = Runtime.getRuntime();
      return new Heap(runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory());
    }
  }

  private Readiness() {}

  /**
   * Whether it runs and has not failed.
   *
   * @param failure what has ended it
   */
  static Verdict pipeline(RunStatus run, Optional<String> failure) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("name", run.pipeline());
    data.put("epoch", run.epoch());
    data.put("tables", (long) run.tables());
    data.put(
        "state",
        failure.isPresent()
            ? "failed"
            : run.initialSnapshot() ? "reading the initial snapshot" : "following the log");
    if (!run.readings().isEmpty()) {
      data.put(
          READING,
          run.readings().stream()
              .map(reading -> "%s (%s)".formatted(reading.table(), reading.progress()))
              .collect(Collectors.joining(", ")));
    }
    failure.ifPresent(reason -> data.put(Verdict.REASON, reason));
    return new Verdict(PIPELINE, failure.isEmpty(), data);
  }

  /**
   * Whether changes can come from the source.
   *
   * @param loss of the stream's connection
   * @param slot empty: the source has none
   * @param seen what the source said of the slot
   * @param maxRetainedBytes more log than this kept for the slot is worth a warning
   */
  static Verdict source(
      String place,
      Optional<String> slot,
      RunStatus run,
      Optional<SourceConnection.Loss> loss,
      SourceWatch.Seen seen,
      long maxRetainedBytes) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("database", place);
    slot.ifPresent(name -> data.put("slot", name));
    Optional<SourceConnection.Loss> lost = loss.or(() -> unreachable(run, seen));
    data.put("connected", lost.isEmpty());
    lost.ifPresent(l -> data.put("lost_since", l.since().toString()));
    seen.slot()
        .ifPresent(s -> {
          data.put("retained_wal_bytes", s.retainedBytes());
          data.put("lag_bytes", s.lagBytes());
          data.put("wal_status", s.walStatus());
          s.safeBytes().ifPresent(safe -> data.put("safe_wal_bytes", safe));
          RetentionAlarm.warning(slot.orElse(""), s, maxRetainedBytes)
              .ifPresent(warning -> data.put("warning", warning));
        });
    if (!run.initialSnapshot()) {
      data.put("lag_seconds", run.lag().toSeconds());
    }
    Optional<String> reason =
        slotProblem(slot.orElse(""), seen)
            .or(() -> lost.map(SourceConnection.Loss::reason))
            .or(() ->
                run.silent()
                    .map(silence ->
                        "nothing has come for %d s, not even a heartbeat"
                            .formatted(silence.toSeconds())));
    reason.ifPresent(r -> data.put(Verdict.REASON, r));
    return new Verdict(SOURCE, reason.isEmpty(), data);
  }

  /**
   * A source that speaks on the stream is there, even if it takes no other connection just now.
   * Heartbeats alone do not show that: Debezium makes them itself.
   */
  private static Optional<SourceConnection.Loss> unreachable(RunStatus run, SourceWatch.Seen seen) {
    return seen.streamLives() && run.heardAt().isAfter(seen.at())
        ? Optional.empty()
        : seen.unreachable();
  }

  private static Optional<String> slotProblem(String slot, SourceWatch.Seen seen) {
    if (seen.isSlotGone()) {
      return Optional.of("replication slot %s is gone".formatted(slot));
    }
    return seen.slot()
        .filter(ReplicationSlot.State::hasLostLog)
        .map(s -> "replication slot %s has lost its log".formatted(slot));
  }

  /** Whether what has come is committed in time. */
  static Verdict commit(RunStatus run, Duration maxAge, Instant now) {
    CommitProgress progress = run.progress();
    Map<String, Object> data = new LinkedHashMap<>();
    run.lastCommit()
        .ifPresent(last -> {
          data.put("last_batch", last.batch());
          data.put("last_position", last.position());
          data.put("last_commit", last.at().toString());
          data.put("last_commit_age_seconds", Duration.between(last.at(), now).toSeconds());
        });
    data.put("waiting_seconds", progress.waiting().orElse(Duration.ZERO).toSeconds());
    data.put("max_age_seconds", maxAge.toSeconds());
    boolean isLate = isLate(progress, maxAge);
    if (isLate) {
      data.put(Verdict.REASON, lateness(progress));
    } else {
      progress.trouble().ifPresent(trouble -> data.put("trouble", trouble));
    }
    return new Verdict(COMMIT, !isLate, data);
  }

  /** Whether whole transactions have waited too long for a commit. */
  static boolean isLate(CommitProgress progress, Duration maxAge) {
    return progress.waiting().map(waiting -> waiting.compareTo(maxAge) > 0).orElse(false);
  }

  /** For how long nothing was committed, and why if it is known. */
  static String lateness(CommitProgress progress) {
    return "nothing was committed for %d s although changes wait: %s"
        .formatted(
            progress.waiting().orElse(Duration.ZERO).toSeconds(),
            progress.trouble().orElse("catalog or storage has not answered yet"));
  }

  /** What the lake could not take; the pipeline does its work all the same. */
  static Verdict quarantine(Map<String, Long> open) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("entries", open.values().stream().mapToLong(Long::longValue).sum());
    new TreeMap<>(open).forEach(data::put);
    return new Verdict(QUARANTINE, true, data);
  }

  /** What is held in memory; a full budget holds the source back, which is no failure. */
  static Verdict memory(CommitProgress progress, long budgetBytes, Heap heap) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("waiting_bytes", progress.pendingBytes());
    data.put("budget_bytes", budgetBytes);
    data.put("source_held_back", progress.pendingBytes() >= budgetBytes);
    data.put("heap_used_bytes", heap.usedBytes());
    data.put("heap_max_bytes", heap.maxBytes());
    return new Verdict(MEMORY, true, data);
  }
}
