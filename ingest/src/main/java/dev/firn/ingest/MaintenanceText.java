package dev.firn.ingest;

import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Says in a line what the maintenance did to a table. */
final class MaintenanceText {
  private MaintenanceText() {}

  /** Such as "shop.orders: 16 files became 1 (4,000 rows), 300 snapshots expired". */
  static String line(TableMaintenance done) {
    List<String> parts = new ArrayList<>();
    done.rewrite().ifPresent(rewrite -> parts.addAll(rewrite(rewrite)));
    done.retention().ifPresent(retention -> parts.addAll(retention(retention)));
    done.cleaned().ifPresent(cleaned -> parts.addAll(cleaned(cleaned)));
    return done.table() + ": " + (parts.isEmpty() ? "nothing done" : String.join(", ", parts));
  }

  private static List<String> rewrite(TableResult rewrite) {
    List<String> parts = new ArrayList<>();
    if (!rewrite.replaced().isEmpty()) {
      long in = CompactReport.filesReplaced(rewrite);
      long out = in - (rewrite.filesBefore() - rewrite.filesAfter());
      parts.add(
          String.format(Locale.ROOT, "%,d files became %,d (%,d rows)", in, out, rewrite.rows()));
    }
    parts.addAll(rewrite.notes());
    return parts;
  }

  private static List<String> retention(RetentionResult retention) {
    List<String> parts = new ArrayList<>();
    if (retention.snapshotsExpired() > 0) {
      parts.add(String.format(Locale.ROOT, "%,d snapshots expired", retention.snapshotsExpired()));
    }
    if (retention.changelogFilesRemoved() > 0) {
      parts.add(
          String.format(
              Locale.ROOT,
              "%,d files of its changelog removed",
              retention.changelogFilesRemoved()));
    }
    parts.addAll(retention.notes());
    return parts;
  }

  private static List<String> cleaned(CleaningResult cleaned) {
    List<String> parts = new ArrayList<>();
    if (cleaned.total().files() > 0) {
      parts.add(
          String.format(
              Locale.ROOT,
              "%,d unreachable files removed (%s)",
              cleaned.total().files(),
              CompactReport.bytes(cleaned.total().bytes())));
    }
    if (cleaned.failed() > 0) {
      parts.add("%d files could not be removed yet".formatted(cleaned.failed()));
    }
    parts.addAll(cleaned.notes());
    return parts;
  }
}
