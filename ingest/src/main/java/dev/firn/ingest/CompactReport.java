package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.firn.compaction.GroupOutcome;
import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.maintenance.TablePlan;
import dev.firn.compaction.retention.RetentionResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** Says what a compaction did, or would do, for people and for programs. */
final class CompactReport {
  private CompactReport() {}

  /** The JSON form of one table. */
  private record Row(
      String table,
      long filesBefore,
      long filesAfter,
      long rows,
      long deletedRowsRemoved,
      long deletedRowsRemapped,
      long bytesBefore,
      long bytesAfter,
      double seconds,
      long snapshotsExpired,
      long changelogFilesRemoved,
      long unreachableFilesRemoved,
      long unreachableBytesRemoved,
      List<String> notes,
      String failure) {
    static Row of(TableMaintenance done) {
      return new Row(
          done.table(),
          sum(done, TableResult::filesBefore),
          sum(done, TableResult::filesAfter),
          sum(done, TableResult::rows),
          sum(done, TableResult::deletedRowsRemoved),
          sum(done, TableResult::deletedRowsRemapped),
          sum(done, TableResult::bytesIn),
          sum(done, TableResult::bytesOut),
          CompactReport.seconds(List.of(done)),
          done.retention().map(RetentionResult::snapshotsExpired).orElse(0),
          done.retention().map(RetentionResult::changelogFilesRemoved).orElse(0),
          removed(done).files(),
          removed(done).bytes(),
          CompactReport.notes(done),
          String.join("; ", done.failures()));
    }
  }

  /** The JSON form of what would be done to one table. */
  private record PlanRow(
      String table,
      long files,
      int commits,
      long filesToReplace,
      long bytesToReplace,
      long snapshotsToExpire,
      long unreachableFilesToRemove,
      long unreachableBytesToRemove,
      List<String> someOfThem) {
    static PlanRow of(TablePlan plan) {
      return new PlanRow(
          plan.table(),
          plan.files(),
          plan.groups(),
          plan.filesIn(),
          plan.bytesIn(),
          plan.retention().snapshotsExpired(),
          plan.removable().total().files(),
          plan.removable().total().bytes(),
          plan.removable().paths());
    }
  }

  /** What was done to one table. */
  static List<String> lines(TableMaintenance done) {
    List<String> told = new ArrayList<>();
    boolean isRewritten = !done.rewrite().map(r -> r.replaced().isEmpty()).orElse(true);
    if (isRewritten) {
      told.add(rewritten(List.of(done)));
    }
    historyOf(done).ifPresent(told::add);
    notes(done).forEach(note -> told.add("note: " + note));
    done.failures().forEach(failure -> told.add("failed: " + failure));
    if (told.isEmpty()) {
      told.add("nothing to do (%d files)".formatted(sum(done, TableResult::filesBefore)));
    }
    return named(done.table(), told);
  }

  static String sum(List<TableMaintenance> results) {
    List<String> told = new ArrayList<>(List.of(rewritten(results)));
    long expired =
        results.stream()
            .flatMap(done -> done.retention().stream())
            .mapToLong(RetentionResult::snapshotsExpired)
            .sum();
    CleaningResult.Amount removed =
        new CleaningResult.Amount(
            results.stream().mapToLong(done -> removed(done).files()).sum(),
            results.stream().mapToLong(done -> removed(done).bytes()).sum());
    told.add(history(expired, removed));
    return String.join(
        System.lineSeparator(),
        named(results.size() == 1 ? "1 table" : results.size() + " tables", told));
  }

  /** What would be done to one table. */
  static List<String> plan(TablePlan plan) {
    List<String> told = new ArrayList<>();
    if (plan.groups() > 0) {
      told.add(
          String.format(
              Locale.ROOT,
              "would replace %,d of %,d files (%s) in %,d commits",
              plan.filesIn(),
              plan.files(),
              bytes(plan.bytesIn()),
              plan.groups()));
    }
    if (plan.retention().snapshotsExpired() > 0) {
      told.add(
          String.format(
              Locale.ROOT,
              "would expire %,d of %,d snapshots",
              plan.retention().snapshotsExpired(),
              plan.retention().snapshotsBefore()));
    }
    if (plan.removable().total().files() > 0) {
      told.add(
          String.format(
              Locale.ROOT,
              "would remove %,d unreachable files (%s)",
              plan.removable().total().files(),
              bytes(plan.removable().total().bytes())));
      plan.removable().paths().forEach(path -> told.add("  " + path));
    }
    Stream.of(plan.notes(), plan.retention().notes(), plan.removable().notes())
        .flatMap(List::stream)
        .forEach(note -> told.add("note: " + note));
    if (told.isEmpty()) {
      told.add("nothing to do (%d files)".formatted(plan.files()));
    }
    return named(plan.table(), told);
  }

  static String json(List<TableMaintenance> results) {
    return json(results.stream().map(Row::of).toList());
  }

  static String planJson(List<TablePlan> plans) {
    return CompactReport.<PlanRow>json(plans.stream().map(PlanRow::of).toList());
  }

  private static <T> String json(Iterable<T> rows) {
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(rows);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The name stands before the first line only. */
  private static List<String> named(String name, List<String> told) {
    List<String> lines = new ArrayList<>();
    told.forEach(line -> lines.add("  %-28s %s".formatted(lines.isEmpty() ? name : "", line)));
    return lines;
  }

  private static String rewritten(List<TableMaintenance> results) {
    return String.format(
        Locale.ROOT,
        "%,d -> %,d files, %,d rows, %,d deleted rows removed, %s -> %s, %.1f s",
        sum(results, TableResult::filesBefore),
        sum(results, TableResult::filesAfter),
        sum(results, TableResult::rows),
        sum(results, TableResult::deletedRowsRemoved),
        bytes(sum(results, TableResult::bytesIn)),
        bytes(sum(results, TableResult::bytesOut)),
        seconds(results));
  }

  private static Optional<String> historyOf(TableMaintenance done) {
    long expired = done.retention().map(RetentionResult::snapshotsExpired).orElse(0);
    return expired == 0 && removed(done).files() == 0
        ? Optional.empty()
        : Optional.of(history(expired, removed(done)));
  }

  private static String history(long expired, CleaningResult.Amount removed) {
    return String.format(
        Locale.ROOT,
        "%,d snapshots expired, %,d unreachable files removed (%s)",
        expired,
        removed.files(),
        bytes(removed.bytes()));
  }

  private static CleaningResult.Amount removed(TableMaintenance done) {
    return done.cleaned().map(CleaningResult::total).orElse(new CleaningResult.Amount(0, 0));
  }

  private static List<String> notes(TableMaintenance done) {
    return Stream.of(
            done.rewrite().map(TableResult::notes),
            done.retention().map(RetentionResult::notes),
            done.cleaned().map(CleaningResult::notes))
        .flatMap(Optional::stream)
        .flatMap(List::stream)
        .toList();
  }

  private static long sum(TableMaintenance done, ToLongFunction<TableResult> figure) {
    return sum(List.of(done), figure);
  }

  private static long sum(List<TableMaintenance> results, ToLongFunction<TableResult> figure) {
    return results.stream().flatMap(done -> done.rewrite().stream()).mapToLong(figure).sum();
  }

  private static double seconds(List<TableMaintenance> results) {
    return results.stream()
            .flatMap(done -> done.rewrite().stream())
            .map(TableResult::took)
            .reduce(Duration.ZERO, Duration::plus)
            .toMillis()
        / 1000.0;
  }

  /** Data files that were replaced. */
  static long filesReplaced(TableResult rewrite) {
    return rewrite.replaced().stream().mapToLong(GroupOutcome.Replaced::filesIn).sum();
  }

  static String bytes(long bytes) {
    if (bytes < 1L << 20) {
      return String.format(Locale.ROOT, "%,d KB", (bytes + 1023) >> 10);
    }
    return String.format(Locale.ROOT, "%,.1f MB", bytes / (double) (1L << 20));
  }
}
