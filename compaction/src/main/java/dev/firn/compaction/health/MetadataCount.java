package dev.firn.compaction.health;

import static java.util.Objects.requireNonNullElse;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.util.PropertyUtil;
import org.jspecify.annotations.Nullable;

/** Counts what describes a table. */
final class MetadataCount {
  private MetadataCount() {}

  static TableHealth.Metadata of(
      Table table, List<ManifestFile> manifests, long metadataBytes, Instant now) {
    return new TableHealth.Metadata(
        TableUtil.formatVersion(table),
        manifests.size(),
        manifests.stream().mapToLong(ManifestFile::length).sum(),
        snapshots(table),
        table.refs().entrySet().stream().filter(ref -> isKept(table, ref, now)).count(),
        metadataBytes);
  }

  /**
   * Asked first: a busy writer keeps few of the old ones.
   *
   * @throws NotFoundException it has gone meanwhile
   */
  static long metadataBytes(Table table) {
    @Nullable String location = TableUtil.metadataFileLocation(table);
    if (location == null) {
      return 0;
    }
    long bytes = table.io().newInputFile(location).getLength();
    if (bytes == 0) {
      // so says a local disk of what is not there
      throw new NotFoundException("File does not exist: %s", location);
    }
    return bytes;
  }

  private static long snapshots(Table table) {
    return StreamSupport.stream(table.snapshots().spliterator(), false).count();
  }

  /** What has outlived its age goes with the next expiry. */
  private static boolean isKept(Table table, Map.Entry<String, SnapshotRef> named, Instant now) {
    SnapshotRef ref = named.getValue();
    @Nullable Snapshot snapshot = table.snapshot(ref.snapshotId());
    if (named.getKey().equals(SnapshotRef.MAIN_BRANCH) || snapshot == null) {
      return snapshot != null;
    }
    long maxAge = requireNonNullElse(ref.maxRefAgeMs(), defaultAge(table));
    return now.toEpochMilli() - snapshot.timestampMillis() <= maxAge;
  }

  private static long defaultAge(Table table) {
    return PropertyUtil.propertyAsLong(
        table.properties(), TableProperties.MAX_REF_AGE_MS, TableProperties.MAX_REF_AGE_MS_DEFAULT);
  }
}
