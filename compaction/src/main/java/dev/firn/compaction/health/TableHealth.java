package dev.firn.compaction.health;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;

/**
 * How a table stands at an instant: figures of its current snapshot, and what is wrong with them.
 *
 * @param at when it was looked at
 * @param findings the worst first; empty: all is well
 */
public record TableHealth(
    Instant at,
    Files files,
    Deletes deletes,
    Metadata metadata,
    Activity activity,
    Cost cost,
    List<Finding> findings) {

  /** Whoever expires snapshots may take a file away while it is about to be read. */
  private static final int ATTEMPTS = 5;

  /**
   * The data files.
   *
   * @param rows live ones; at most so many where there are equality deletes, which only a reader
   *     can count
   * @param storedRows with the deleted ones that the files still hold
   * @param medianBytes 0 without files
   * @param smallFiles how many are smaller than three quarters of the target size
   */
  public record Files(
      long rows,
      long storedRows,
      long dataFiles,
      long dataBytes,
      long medianBytes,
      long smallFiles) {
    /** Between 0 and 1. */
    public double smallFileRatio() {
      return share(smallFiles, dataFiles);
    }

    /** Between 0 and 1; of the rows in the files. */
    public double deletedRowRatio() {
      return share(storedRows - rows, storedRows);
    }
  }

  /**
   * What deletes rows that data files hold.
   *
   * @param rows how many vectors and position deletes hide
   * @param vectors deletion vectors, at most one for each data file
   * @param equalityDeleteRows keys, each of which may hide any number of rows
   */
  public record Deletes(
      long rows,
      long vectors,
      long vectorBytes,
      long positionDeleteFiles,
      long positionDeleteBytes,
      long equalityDeleteFiles,
      long equalityDeleteRows,
      long equalityDeleteBytes) {
    long bytes() {
      return vectorBytes + positionDeleteBytes + equalityDeleteBytes;
    }
  }

  /**
   * What describes the table.
   *
   * @param manifests of the current snapshot that name live files
   * @param snapshots that can be read
   * @param refs branches and tags whose age has not ended them, main included
   * @param metadataBytes of the current metadata.json; 0 for a catalog that keeps none
   */
  public record Metadata(
      int formatVersion,
      long manifests,
      long manifestBytes,
      long snapshots,
      long refs,
      long metadataBytes) {}

  /** Who made a commit. */
  public enum Committer {
    WRITER,
    /** What Firn does beside the writer: compaction, retention. */
    MAINTENANCE,
    OTHER
  }

  /**
   * The table's newest snapshot.
   *
   * @param engine the name another engine gives itself; else empty
   */
  public record Commit(Instant at, long snapshotId, Committer by, String engine) {
    public Commit {
      requireNonNull(at, "at is null");
      requireNonNull(by, "by is null");
      requireNonNull(engine, "engine is null");
    }
  }

  /**
   * What was done to the table, as far as its snapshots still tell.
   *
   * @param sourceTime when the source committed the last change that the writer took in
   * @param lag time since then, or since the last commit where that is not known
   */
  public record Activity(
      Optional<Commit> lastCommit,
      Optional<Instant> sourceTime,
      Optional<Duration> lag,
      Optional<Instant> lastCompaction,
      Requests lastHour) {
    public Activity {
      requireNonNull(lastCommit, "lastCommit is null");
      requireNonNull(sourceTime, "sourceTime is null");
      requireNonNull(lag, "lag is null");
      requireNonNull(lastCompaction, "lastCompaction is null");
      requireNonNull(lastHour, "lastHour is null");
    }
  }

  /**
   * What a writer asked of the storage.
   *
   * @param commits in this time
   * @param puts that wrote files, manifests, lists, metadata and the catalog's pointer
   * @param gets that read metadata, lists and manifests
   */
  public record Requests(long commits, long puts, long gets) {}

  /**
   * What reading all of a table takes one reader without a cache.
   *
   * @param dataFiles that it opens
   * @param seconds with one request after the other; to compare with each other only
   */
  public record Scan(long dataFiles, long bytes, long requests, double seconds) {}

  /**
   * What the table costs, at the given prices.
   *
   * @param freshCopy what {@code fullScan} would be if the table had just been written
   * @param requestsPerMonth price of a month whose hours are like the last one
   * @param storagePerMonth price of keeping what the current snapshot needs
   */
  public record Cost(
      Scan fullScan, Scan freshCopy, double requestsPerMonth, double storagePerMonth) {
    public Cost {
      requireNonNull(fullScan, "fullScan is null");
      requireNonNull(freshCopy, "freshCopy is null");
    }

    /** How many times longer a full scan takes than that of a freshly written copy. */
    public double readRatio() {
      return fullScan.seconds() / freshCopy.seconds();
    }
  }

  public TableHealth {
    requireNonNull(at, "at is null");
    requireNonNull(files, "files is null");
    requireNonNull(deletes, "deletes is null");
    requireNonNull(metadata, "metadata is null");
    requireNonNull(activity, "activity is null");
    requireNonNull(cost, "cost is null");
    findings = List.copyOf(findings);
  }

  /**
   * Looks at a table: reads its manifests once.
   *
   * @param table as loaded; loaded again when what it names was expired meanwhile
   * @throws NotFoundException a file of the table's metadata is missing
   */
  public static TableHealth of(Table table, HealthSettings settings, Instant now) {
    for (int attempt = 1; ; attempt++) {
      try {
        return look(table, settings, now);
      } catch (NotFoundException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        table.refresh();
      }
    }
  }

  private static TableHealth look(Table table, HealthSettings settings, Instant now) {
    long metadataBytes = MetadataCount.metadataBytes(table);
    FileCount count = FileCount.of(table);
    Files files = count.files(settings);
    Deletes deletes = count.deletes();
    Metadata metadata = MetadataCount.of(table, count.manifests(), metadataBytes, now);
    Activity activity = History.of(table).activity(now);
    Cost cost =
        new Cost(
            ReadCost.fullScan(count, metadata),
            ReadCost.freshCopy(files, settings),
            settings.prices().monthOf(activity.lastHour()),
            settings.prices().monthOf(bytes(files, deletes, metadata)));
    List<Finding> findings = Findings.of(files, deletes, metadata, activity, cost, now);
    return new TableHealth(now, files, deletes, metadata, activity, cost, findings);
  }

  private static long bytes(Files files, Deletes deletes, Metadata metadata) {
    return files.dataBytes()
        + deletes.bytes()
        + metadata.manifestBytes()
        + metadata.metadataBytes();
  }

  /** Whether nobody has to do anything. */
  public boolean isHealthy() {
    return findings.stream().noneMatch(finding -> finding.kind().isProblem());
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
