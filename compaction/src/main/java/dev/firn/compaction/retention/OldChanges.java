package dev.firn.compaction.retention;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CallerRuns;
import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFiles;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Conversions;
import org.apache.iceberg.types.Types.NestedField;

/**
 * What a table's changelog tells of a time that is past keeping.
 *
 * <p>The baseline moves first. Once it has been there for an hour, a run removes the changes up to
 * it, so that who has read where it was before still finds all changes since.
 *
 * @param table whose changelog it is
 * @param now when the run began
 * @param before changes that the source committed earlier need not stay
 */
record OldChanges(Table table, Table changelog, Instant now, Instant before) {
  private static final ExecutorService CALLER_RUNS = new CallerRuns();

  /**
   * How long a reader has from reading where the baseline is until it reads the changes: as long as
   * files of expired snapshots stay for queries.
   */
  private static final Duration READING = Duration.ofHours(1);

  private static final String BATCH = "_batch";
  private static final String COMMITTED_AT = "_committed_at";

  /** Empty when all changes stay, or when there are none. */
  static Optional<OldChanges> of(
      Catalog catalog, TableIdentifier name, Table table, RetentionSettings settings, Instant now) {
    if (settings.changelog().isEmpty()
        || table.properties().containsKey(LakeTables.CHANGELOG_OF)
        || !table.refs().containsKey(LakeTables.BASELINE)) {
      return Optional.empty();
    }
    return changelog(catalog, name)
        .map(log -> new OldChanges(table, log, now, now.minus(settings.changelog().orElseThrow())));
  }

  private static Optional<Table> changelog(Catalog catalog, TableIdentifier name) {
    try {
      Table changelog = catalog.loadTable(LakeTables.changelogOf(name));
      String of = changelog.properties().get(LakeTables.CHANGELOG_OF);
      boolean whole = name.toString().equals(of) && !LakeTables.isRolledBack(changelog);
      return whole ? Optional.of(changelog) : Optional.empty();
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  /** How far the baseline may move: not beyond what the changelog tells. */
  BaselineMove move() {
    String told = changelog.properties().getOrDefault(SummaryKeys.BATCH, "-1");
    return isHeld() ? BaselineMove.NONE : new BaselineMove(before, Long.parseLong(told));
  }

  private boolean isHeld() {
    return !Holds.list(changelog).isEmpty();
  }

  /** The last batch whose changes may go; -1: none. */
  private long upTo() {
    long baseline = batch(baseline());
    return isHeld() || !isSettled()
        ? -1
        : Holds.list(table).stream()
            .mapToLong(hold -> batch(hold.snapshotId()))
            .reduce(baseline, Math::min);
  }

  private long baseline() {
    return requireNonNull(table.refs().get(LakeTables.BASELINE)).snapshotId();
  }

  /** A reading from the source moves the baseline to a snapshot of its own: its time counts too. */
  private boolean isSettled() {
    Instant moved = movedAt();
    Instant made = Instant.ofEpochMilli(table.snapshot(baseline()).timestampMillis());
    Instant settled = now.minus(READING);
    return !moved.isAfter(settled) && !made.isAfter(settled);
  }

  /** By retention; what is no time may be any time. */
  private Instant movedAt() {
    String millis = table.properties().getOrDefault(RetentionKeys.BASELINE_MOVED_AT, "0");
    try {
      return Instant.ofEpochMilli(Long.parseLong(millis));
    } catch (NumberFormatException e) {
      return Instant.MAX;
    }
  }

  private long batch(long snapshotId) {
    Snapshot snapshot = table.snapshot(snapshotId);
    return snapshot == null ? -1 : History.batch(snapshot).orElse(-1);
  }

  /**
   * Removes whole data files of the changelog.
   *
   * @param notes gets what went wrong; the next run tries again
   * @return how many
   */
  int remove(Mode mode, List<String> notes) {
    long upTo = upTo();
    List<DataFile> files = upTo < 0 ? List.of() : files(upTo);
    if (mode == Mode.REAL && !files.isEmpty()) {
      try {
        remove(files, upTo);
      } catch (CommitFailedException | CommitStateUnknownException e) {
        notes.add("old changes stay until the next run: " + e.getMessage());
        return 0;
      }
    }
    return files.size();
  }

  private void remove(List<DataFile> files, long upTo) {
    DeleteFiles delete = changelog.newDelete().scanManifestsWith(CALLER_RUNS);
    files.forEach(delete::deleteFile);
    delete.set(
        RetentionKeys.WHY,
        "changes of batches up to %d, committed before %s, are older than what is kept"
            .formatted(upTo, before));
    delete.commit();
  }

  /** Files of which each row is of such a batch and old enough; where that is not known, none. */
  private List<DataFile> files(long upTo) {
    List<DataFile> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> tasks =
        changelog
            .newScan()
            .filter(Expressions.lessThan(COMMITTED_AT, micros(before)))
            .includeColumnStats(Set.of(BATCH, COMMITTED_AT))
            .planWith(CALLER_RUNS)
            .planFiles()) {
      for (FileScanTask task : tasks) {
        if (isUpTo(task.file(), BATCH, upTo)
            && isUpTo(task.file(), COMMITTED_AT, micros(before) - 1)) {
          files.add(task.file().copyWithoutStats());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + changelog.name(), e);
    }
    return files;
  }

  private boolean isUpTo(DataFile file, String column, long limit) {
    NestedField field = changelog.schema().findField(column);
    Map<Integer, ByteBuffer> bounds = file.upperBounds();
    ByteBuffer bound = bounds == null ? null : bounds.get(field.fieldId());
    return bound != null && Conversions.<Long>fromByteBuffer(field.type(), bound) <= limit;
  }

  private static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }
}
