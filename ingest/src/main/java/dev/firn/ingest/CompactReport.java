package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.firn.compaction.TableResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Says what a compaction did, for people and for programs. */
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
      List<String> notes,
      String failure) {
    static Row of(TableResult result) {
      return new Row(
          result.table(),
          result.filesBefore(),
          result.filesAfter(),
          result.rows(),
          result.deletedRowsRemoved(),
          result.deletedRowsRemapped(),
          result.bytesIn(),
          result.bytesOut(),
          CompactReport.seconds(result.took()),
          result.notes(),
          CompactReport.failure(result));
    }
  }

  static String line(TableResult result) {
    List<String> lines = new ArrayList<>();
    if (!result.replaced().isEmpty()) {
      lines.add(
          text(
              result.table(),
              List.of(result),
              "%d -> %d files".formatted(result.filesBefore(), result.filesAfter())));
    }
    result
        .notes()
        .forEach(note -> lines.add("  %-28s skipped: %s".formatted(result.table(), note)));
    result
        .failure()
        .ifPresent(e -> lines.add("  %-28s failed: %s".formatted(result.table(), e.getMessage())));
    if (lines.isEmpty()) {
      lines.add("  %-28s nothing to do (%d files)".formatted(result.table(), result.filesBefore()));
    }
    return String.join(System.lineSeparator(), lines);
  }

  static String sum(List<TableResult> results) {
    long before = results.stream().mapToLong(TableResult::filesBefore).sum();
    long after = results.stream().mapToLong(TableResult::filesAfter).sum();
    return text(
        "%d tables".formatted(results.size()), results, "%d -> %d files".formatted(before, after));
  }

  private static String text(String name, List<TableResult> results, String files) {
    long rows = results.stream().mapToLong(TableResult::rows).sum();
    long removed = results.stream().mapToLong(TableResult::deletedRowsRemoved).sum();
    long in = results.stream().mapToLong(TableResult::bytesIn).sum();
    long out = results.stream().mapToLong(TableResult::bytesOut).sum();
    Duration took = results.stream().map(TableResult::took).reduce(Duration.ZERO, Duration::plus);
    return String.format(
        Locale.ROOT,
        "  %-28s %s, %,d rows, %,d deleted rows removed, %s -> %s, %.1f s",
        name,
        files,
        rows,
        removed,
        bytes(in),
        bytes(out),
        seconds(took));
  }

  static String json(List<TableResult> results) {
    try {
      return new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(results.stream().map(Row::of).toList());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String failure(TableResult result) {
    return result.failure().map(e -> String.valueOf(e.getMessage())).orElse("");
  }

  private static String bytes(long bytes) {
    if (bytes < 1L << 20) {
      return String.format(Locale.ROOT, "%,d KB", (bytes + 1023) >> 10);
    }
    return String.format(Locale.ROOT, "%,.1f MB", bytes / (double) (1L << 20));
  }

  private static double seconds(Duration took) {
    return took.toMillis() / 1000.0;
  }
}
