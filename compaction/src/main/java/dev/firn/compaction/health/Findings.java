package dev.firn.compaction.health;

import dev.firn.compaction.health.Finding.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Judges the figures of a table. */
final class Findings {
  /** A busy table has some of several sizes, which wait for more of theirs to be merged with. */
  private static final long MANY_SMALL_FILES = 50;

  /** Of a freshly written copy's files. */
  private static final long MANY_TIMES_FRESH = 2;

  /** Compaction writes a file again from this share of deleted rows on. */
  private static final double MUCH_DELETED = 0.2;

  /** Fewer cost nobody anything, whatever their share. */
  private static final long MANY_DELETED_ROWS = 10_000;

  private static final long MANY_DELETES_PER_FILE = 10;

  /** Each of them makes the metadata that every commit writes larger by a kilobyte. */
  private static final long MANY_SNAPSHOTS = 5_000;

  private static final long LARGE_METADATA_BYTES = 10L << 20;
  private static final Duration LONG_QUIET = Duration.ofDays(1);

  private static final String COMPACT = "run ./firn compact";
  private static final String KEEP_LESS =
      "run ./firn compact, and keep fewer snapshots if it stays";

  private Findings() {}

  static List<Finding> of(
      TableHealth.Files files,
      TableHealth.Deletes deletes,
      TableHealth.Metadata metadata,
      TableHealth.Activity activity,
      TableHealth.Cost cost,
      Instant now) {
    return Stream.of(
            equalityDeletes(deletes),
            smallFiles(files, cost),
            deletedRows(files),
            positionDeletes(files, deletes),
            snapshots(metadata),
            metadata(metadata),
            quiet(activity, now))
        .flatMap(Optional::stream)
        .toList();
  }

  private static Optional<Finding> equalityDeletes(TableHealth.Deletes deletes) {
    return found(
        deletes.equalityDeleteFiles() > 0,
        Kind.EQUALITY_DELETES,
        String.format(
            Locale.ROOT,
            "%,d equality delete files (%,d keys) of another tool are read again for each older data file",
            deletes.equalityDeleteFiles(),
            deletes.equalityDeleteRows()),
        COMPACT);
  }

  private static Optional<Finding> smallFiles(TableHealth.Files files, TableHealth.Cost cost) {
    long fresh = Math.max(1, cost.freshCopy().dataFiles());
    return found(
        files.smallFiles() >= MANY_SMALL_FILES && files.dataFiles() > MANY_TIMES_FRESH * fresh,
        Kind.SMALL_FILES,
        String.format(
            Locale.ROOT,
            "%,d of %,d data files are small; a fresh copy has %,d",
            files.smallFiles(),
            files.dataFiles(),
            fresh),
        COMPACT);
  }

  private static Optional<Finding> deletedRows(TableHealth.Files files) {
    return found(
        files.deletedRowRatio() >= MUCH_DELETED
            && files.storedRows() - files.rows() >= MANY_DELETED_ROWS,
        Kind.DELETED_ROWS,
        String.format(
            Locale.ROOT,
            "%.0f %% of the rows in the data files are deleted",
            100 * files.deletedRowRatio()),
        COMPACT);
  }

  private static Optional<Finding> positionDeletes(
      TableHealth.Files files, TableHealth.Deletes deletes) {
    return found(
        deletes.positionDeleteFiles() >= MANY_DELETES_PER_FILE * Math.max(1, files.dataFiles()),
        Kind.POSITION_DELETES,
        String.format(
            Locale.ROOT,
            "%,d position delete files on %,d data files",
            deletes.positionDeleteFiles(),
            files.dataFiles()),
        COMPACT);
  }

  private static Optional<Finding> snapshots(TableHealth.Metadata metadata) {
    return found(
        metadata.snapshots() > MANY_SNAPSHOTS,
        Kind.SNAPSHOTS,
        String.format(Locale.ROOT, "%,d snapshots make every commit slower", metadata.snapshots()),
        KEEP_LESS);
  }

  private static Optional<Finding> metadata(TableHealth.Metadata metadata) {
    return found(
        metadata.metadataBytes() > LARGE_METADATA_BYTES,
        Kind.METADATA,
        String.format(
            Locale.ROOT,
            "every commit writes and every reader reads %,d MB of metadata.json",
            metadata.metadataBytes() >> 20),
        KEEP_LESS);
  }

  private static Optional<Finding> quiet(TableHealth.Activity activity, Instant now) {
    return activity
        .lastCommit()
        .map(commit -> Duration.between(commit.at(), now))
        .flatMap(age ->
            found(
                age.compareTo(LONG_QUIET) > 0,
                Kind.QUIET,
                String.format(Locale.ROOT, "no commit for %,d hours", age.toHours()),
                "nothing, if its source is as quiet; else see ./firn status"));
  }

  private static Optional<Finding> found(boolean isSo, Kind kind, String what, String remedy) {
    return isSo ? Optional.of(new Finding(kind, what, remedy)) : Optional.empty();
  }
}
