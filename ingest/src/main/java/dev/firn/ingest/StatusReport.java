package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineState;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a pipeline stands, seen from outside.
 *
 * @param process what the running process says of itself
 * @param isPortKnown whether it can be asked at all
 * @param slot what the source says of the replication slot; neither an answer nor a problem: it has
 *     none, and answers
 * @param lake what the control table and the tables say
 */
record StatusReport(
    Instant at,
    String pipeline,
    String source,
    boolean isPortKnown,
    Asked<ProcessHealth> process,
    Asked<ReplicationSlot.State> slot,
    Asked<LakeStatus> lake) {

  enum State {
    RUNNING("running"),
    NOT_READY("not ready"),
    NOT_ANSWERING("running, but not answering"),
    FAILED("failed"),
    STOPPED("stopped");

    private final String words;

    State(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  StatusReport {
    requireNonNull(at, "at is null");
    requireNonNull(pipeline, "pipeline is null");
    requireNonNull(source, "source is null");
    requireNonNull(process, "process is null");
    requireNonNull(slot, "slot is null");
    requireNonNull(lake, "lake is null");
  }

  State state() {
    if (process.answer().isPresent()) {
      return process.answer().orElseThrow().isReady() ? State.RUNNING : State.NOT_READY;
    }
    if (slot.answer().flatMap(ReplicationSlot.State::activePid).isPresent()) {
      return isPortKnown ? State.NOT_ANSWERING : State.RUNNING;
    }
    return lake.answer().map(LakeStatus::hasFailed).orElse(false) ? State.FAILED : State.STOPPED;
  }

  /** Whether nobody has to do anything. */
  boolean isWell() {
    return state() == State.RUNNING && (process.answer().isPresent() || lake.answer().isPresent());
  }

  /** One line for each thing to know. */
  String text() {
    List<String> lines = new ArrayList<>();
    line(lines, "pipeline", "%s: %s".formatted(pipeline, state().words()));
    process
        .answer()
        .ifPresentOrElse(
            health -> running(lines, health), () -> line(lines, "process", process.problem()));
    readings().ifPresent(words -> line(lines, "reading", words));
    line(lines, "source", slot.answer().map(this::slotWords).orElseGet(this::sourceWords));
    line(lines, "last batch", batchWords());
    line(lines, "lag", lagWords());
    lake.answer().ifPresent(found -> tables(lines, found.tables()));
    quarantineWords().ifPresent(words -> line(lines, "quarantine", words));
    freeBytes().ifPresent(free -> line(lines, "storage", "%s free".formatted(bytes(free))));
    line(lines, "last error", lastError().orElse("none"));
    return String.join(System.lineSeparator(), lines);
  }

  /** The same for programs. */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("pipeline", pipeline);
    values.put("state", state().name().toLowerCase(Locale.ROOT));
    values.put("well", isWell());
    epoch().ifPresent(epoch -> values.put("epoch", epoch));
    lake.answer()
        .ifPresent(found -> {
          values.put("last_batch", found.state().batch());
          values.put("last_position", found.state().position());
        });
    lastCommit().ifPresent(commit -> values.put("last_commit", commit.toString()));
    lagSeconds().ifPresent(lag -> values.put("lag_seconds", lag));
    slot.answer()
        .ifPresent(found -> {
          values.put("lag_bytes", found.lagBytes());
          values.put("retained_wal_bytes", found.retainedBytes());
          values.put("wal_status", found.walStatus());
          found.safeBytes().ifPresent(safe -> values.put("safe_wal_bytes", safe));
        });
    readings().ifPresent(words -> values.put("reading", words));
    values.put("tables", lake.answer().map(LakeStatus::tables).orElse(List.of()));
    values.put("quarantine", lake.answer().map(LakeStatus::quarantine).orElse(Map.of()));
    lastError().ifPresent(error -> values.put("last_error", error));
    freeBytes().ifPresent(free -> values.put("free_bytes", free));
    values.put("problems", problems());
    process.answer().ifPresent(health -> values.put("checks", health.checks()));
    return values;
  }

  /** The tables that are being read beside the stream, or are to be. */
  private Optional<String> readings() {
    return process
        .answer()
        .flatMap(health -> health.text(Readiness.PIPELINE, Readiness.READING))
        .or(() ->
            lake.answer()
                .map(found -> found.state().readings())
                .filter(asked -> !asked.isEmpty())
                .map(asked -> "to be read: " + String.join(", ", asked)));
  }

  /** What is open there; empty: nothing. */
  private Optional<String> quarantineWords() {
    return lake.answer()
        .map(LakeStatus::quarantine)
        .filter(open -> !open.isEmpty())
        .map(open ->
            open.entrySet().stream()
                    .map(table -> "%,d of %s".formatted(table.getValue(), table.getKey()))
                    .collect(Collectors.joining(", "))
                + "; see firn quarantine list");
  }

  private static void line(List<String> lines, String name, String words) {
    lines.add("%-11s %s".formatted(name, words));
  }

  private static void running(List<String> lines, ProcessHealth health) {
    line(
        lines,
        "process",
        "epoch %s, %s"
            .formatted(
                health.text(Readiness.PIPELINE, "epoch").orElse("?"),
                health.text(Readiness.PIPELINE, "state").orElse("starting or stopping")));
    for (Verdict check : health.checks()) {
      if (!check.isUp()) {
        line(lines, "", "%s: %s".formatted(check.name(), reason(check)));
      }
    }
  }

  private static String reason(Verdict check) {
    Object reason = check.data().getOrDefault(Verdict.REASON, "not ready");
    Object since = check.data().get("lost_since");
    return since == null
        ? reason.toString()
        : "connection lost since %s: %s".formatted(seconds(since), reason);
  }

  private static String seconds(Object instant) {
    return Instant.parse(instant.toString()).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Without a slot there is a problem, or it is of a kind that has none. */
  private String sourceWords() {
    return slot.problem().isEmpty() ? source + " answers" : slot.problem();
  }

  private String slotWords(ReplicationSlot.State found) {
    String use = found.activePid().isPresent() ? "in use" : "not in use";
    return "%s, slot %s, retains %s of log%s%s"
        .formatted(
            source,
            use,
            bytes(found.retainedBytes()),
            found
                .safeBytes()
                .filter(safe -> safe > 0)
                .map(safe -> ", %s may still be written before it is lost".formatted(bytes(safe)))
                .orElse(""),
            found.hasLostLog()
                ? ", HAS LOST ITS LOG"
                : found.isUnreserved() ? ", IS ABOUT TO LOSE ITS LOG" : "");
  }

  private String batchWords() {
    if (lake.answer().isEmpty()) {
      return lake.problem();
    }
    PipelineState state = lake.answer().orElseThrow().state();
    if (state.batch() == 0) {
      return "none yet: the initial snapshot is not complete";
    }
    if (state.position().isEmpty()) {
      return "%d; all tables are to be read anew".formatted(state.batch());
    }
    return "%d up to %s%s"
        .formatted(
            state.batch(),
            state.position(),
            lastCommit()
                .map(commit -> ", committed at %s (%s ago)".formatted(seconds(commit), ago(commit)))
                .orElse(""));
  }

  private String lagWords() {
    List<String> words = new ArrayList<>();
    lagSeconds().ifPresent(lag -> words.add("%d s".formatted(lag)));
    slot.answer().ifPresent(found -> words.add(bytes(found.lagBytes()) + " of log"));
    return words.isEmpty() ? "not known" : String.join(", ", words);
  }

  private static void tables(List<String> lines, List<LakeStatus.TableStatus> tables) {
    int names = tables.stream().mapToInt(table -> table.name().length()).max().orElse(0);
    String name = "tables";
    for (LakeStatus.TableStatus table : tables) {
      line(lines, name, table.name() + " ".repeat(names - table.name().length()) + words(table));
      name = "";
    }
  }

  private static String words(LakeStatus.TableStatus table) {
    return table.problem().isEmpty()
        ? String.format(
            Locale.ROOT,
            "  %,12d rows in %,d data files, %,d delete files",
            table.rows(),
            table.dataFiles(),
            table.deleteFiles())
        : "  " + table.problem();
  }

  private Optional<Long> epoch() {
    return lake.answer().map(found -> found.state().epoch());
  }

  private Optional<Instant> lastCommit() {
    return lake.answer().flatMap(LakeStatus::lastCommit);
  }

  private Optional<Long> freeBytes() {
    return lake.answer().flatMap(LakeStatus::freeBytes);
  }

  private Optional<Long> lagSeconds() {
    return process
        .answer()
        .flatMap(health -> health.field(Readiness.SOURCE, "lag_seconds"))
        .map(lag -> (Long) lag);
  }

  /** What is wrong with the running process, or what has ended the last one. */
  private Optional<String> lastError() {
    Optional<String> running =
        process.answer().flatMap(health -> health.text(Readiness.PIPELINE, Verdict.REASON));
    return running.or(() ->
        lake.answer()
            .flatMap(LakeStatus::failure)
            .map(failure ->
                "epoch %d, %s: %s"
                    .formatted(failure.epoch(), seconds(failure.at()), failure.message())));
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (Asked<?> asked : List.of(process, slot, lake)) {
      if (!asked.problem().isEmpty()) {
        problems.add(asked.problem());
      }
    }
    return problems;
  }

  private String ago(Instant then) {
    long seconds = Math.max(0, Duration.between(then, at).toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    long minutes = seconds / 60;
    return minutes < 120 ? minutes + " min" : minutes / 60 + " h";
  }

  /** A number of bytes in the unit that leaves few digits. */
  static String bytes(long bytes) {
    String[] units = {"bytes", "kB", "MB", "GB", "TB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
