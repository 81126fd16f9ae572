package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.util.SnapshotUtil;

/** Reads changelog tables. */
public final class ChangelogRows {
  /** The order in which the changes of one table happened. */
  public static final Comparator<Record> ORDER =
      Comparator.<Record>comparingLong(row -> number(row, "_batch"))
          .thenComparingLong(row -> number(row, "_sequence"));

  private ChangelogRows() {}

  /** The changes since a baseline, in order; all of them are held in memory. */
  public static List<Record> since(Snapshot baseline, Table changelog) {
    return since(baseline, changelog, change -> true);
  }

  /** Those of the changes since a baseline that are wanted, in order. */
  static List<Record> since(Snapshot baseline, Table changelog, Predicate<Record> wanted) {
    long batch = Long.parseLong(requireNonNull(baseline.summary().get(SummaryKeys.BATCH)));
    List<Record> changes = new ArrayList<>();
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(changelog).where(Expressions.greaterThan("_batch", batch)).build()) {
      for (Record row : rows) {
        if (wanted.test(row)) {
          changes.add(row);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    changes.sort(ORDER);
    return changes;
  }

  /** Whether all that came after a snapshot is known to be appended. */
  public static boolean isAppendedOnly(Table changelog, long afterSnapshot) {
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(changelog)) {
      if (snapshot.snapshotId() == afterSnapshot) {
        return true;
      }
      if (!DataOperations.APPEND.equals(snapshot.operation())) {
        return false;
      }
    }
    return false;
  }

  /** The changes that were appended after a snapshot, in order. */
  public static List<Record> appended(Table changelog, long afterSnapshot) {
    List<Record> changes = new ArrayList<>();
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(changelog)) {
      if (snapshot.snapshotId() == afterSnapshot) {
        break;
      }
      SnapshotChanges.builderFor(changelog)
          .snapshot(snapshot)
          .build()
          .addedDataFiles()
          .forEach(file -> read(changelog, file, changes));
    }
    changes.sort(ORDER);
    return changes;
  }

  private static void read(Table changelog, DataFile file, List<Record> into) {
    try (CloseableIterable<Record> rows =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, changelog.io().newInputFile(file))
            .project(changelog.schema())
            .build()) {
      rows.forEach(into::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long number(Record row, String field) {
    return requireNonNull((Long) row.getField(field));
  }
}
