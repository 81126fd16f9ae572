package dev.firn.compaction.cleaning;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files that may be reached by nothing once some snapshots are expired: all that will not be,
 * and maybe more.
 *
 * <p>It reads the manifests that the snapshots before and after the expired ones do not have, and
 * of the others those that may have taken files over from them.
 */
final class ExpiredFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ExpiredFiles.class);

  /** In format v1 no snapshot has a sequence number. */
  private static final Comparator<Snapshot> AGE =
      Comparator.comparingLong(Snapshot::sequenceNumber)
          .thenComparingLong(Snapshot::timestampMillis);

  private final Table table;
  private final Manifests manifests;
  private final List<Snapshot> expired = new ArrayList<>();
  private final List<Snapshot> neighbours = new ArrayList<>();

  ExpiredFiles(Table table, Set<Long> snapshotIds) {
    this.table = table;
    this.manifests = new Manifests(table.io(), table.specs());
    split(snapshotIds);
  }

  private void split(Set<Long> snapshotIds) {
    List<Snapshot> ordered = new ArrayList<>();
    table.snapshots().forEach(ordered::add);
    ordered.sort(AGE);
    for (int i = 0; i < ordered.size(); i++) {
      Snapshot snapshot = ordered.get(i);
      if (snapshotIds.contains(snapshot.snapshotId())) {
        expired.add(snapshot);
      } else if (expires(ordered, i - 1, snapshotIds) || expires(ordered, i + 1, snapshotIds)) {
        neighbours.add(snapshot);
      }
    }
  }

  private static boolean expires(List<Snapshot> ordered, int at, Set<Long> snapshotIds) {
    return at >= 0 && at < ordered.size() && snapshotIds.contains(ordered.get(at).snapshotId());
  }

  boolean isEmpty() {
    return expired.isEmpty();
  }

  /** Each file once. */
  void forEach(Consumer<FoundFile> each) {
    LocationSet kept = new LocationSet();
    List<ManifestFile> remaining = distinct(neighbours, kept);
    List<ManifestFile> leaving = distinct(expired, kept);
    LocationSet done = takenOver(leaving, remaining);
    Consumer<FoundFile> once =
        file -> {
          if (done.add(file.location())) {
            each.accept(file);
          }
        };
    for (ManifestFile manifest : leaving) {
      ifThere(manifest.path(), () -> manifests.forEachFile(manifest, once));
      once.accept(new FoundFile(FileKind.MANIFEST, manifest.length(), manifest.path()));
    }
    expired.forEach(snapshot -> addOwn(snapshot, once));
  }

  /** The manifests of these snapshots that are not known yet; then they are. */
  private List<ManifestFile> distinct(List<Snapshot> snapshots, LocationSet known) {
    List<ManifestFile> found = new ArrayList<>();
    for (Snapshot snapshot : snapshots) {
      ifThere(
          "the manifest list of snapshot " + snapshot.snapshotId(),
          () ->
              manifests.of(snapshot).stream()
                  .filter(manifest -> known.add(manifest.path()))
                  .forEach(found::add));
    }
    return found;
  }

  /** Live files of manifests that were written, by a merge say, when the leaving ones existed. */
  private LocationSet takenOver(List<ManifestFile> leaving, List<ManifestFile> remaining) {
    long since =
        leaving.stream().mapToLong(ManifestFile::sequenceNumber).min().orElse(Long.MAX_VALUE);
    LocationSet locations = new LocationSet();
    for (ManifestFile manifest : remaining) {
      if (manifest.hasExistingFiles() && manifest.sequenceNumber() >= since) {
        ifThere(manifest.path(), () -> manifests.forEachLocation(manifest, locations::add));
      }
    }
    return locations;
  }

  private void addOwn(Snapshot snapshot, Consumer<FoundFile> each) {
    if (snapshot.manifestListLocation() != null) {
      each.accept(new FoundFile(FileKind.MANIFEST_LIST, 0, snapshot.manifestListLocation()));
    }
    table.statisticsFiles().stream()
        .filter(file -> file.snapshotId() == snapshot.snapshotId())
        .map(file -> new FoundFile(FileKind.STATISTICS, file.fileSizeInBytes(), file.path()))
        .forEach(each);
    table.partitionStatisticsFiles().stream()
        .filter(file -> file.snapshotId() == snapshot.snapshotId())
        .map(file -> new FoundFile(FileKind.STATISTICS, file.fileSizeInBytes(), file.path()))
        .forEach(each);
  }

  /** A snapshot that cannot be read any more must not be kept for that. */
  private void ifThere(String what, Runnable read) {
    try {
      read.run();
    } catch (NotFoundException e) {
      LOG.warn("{}: {} is missing: {}", table.name(), what, e.getMessage());
    }
  }
}
