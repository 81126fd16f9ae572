package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.RewriteManifests;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.util.PropertyUtil;

/** Puts the list of a table's data files together where it is in far more pieces than it needs. */
final class ScatteredManifests {
  /** Beside a writer that puts manifests together itself, a few trials have to do. */
  private static final int RETRIES = 3;

  private static final int FACTOR = 2;
  private static final int SPARE = 10;

  /** Of the target size: what is smaller is put together. */
  private static final double SMALL = 0.75;

  private ScatteredManifests() {}

  /**
   * @throws CompactionException a writer was always faster; the table is as it was
   */
  static void gather(Table table) {
    table.refresh();
    if (isScattered(table)) {
      new RepeatedCommit(table, RETRIES, () -> rewrite(table))
          .run("manifests far below their size");
    }
  }

  static boolean isScattered(Table table) {
    List<ManifestFile> manifests = manifests(table);
    return manifests.size() > FACTOR * needed(table, manifests) + SPARE;
  }

  private static List<ManifestFile> manifests(Table table) {
    Snapshot snapshot = table.currentSnapshot();
    return snapshot == null ? List.of() : snapshot.dataManifests(table.io());
  }

  private static long needed(Table table, List<ManifestFile> manifests) {
    long bytes = manifests.stream().mapToLong(ManifestFile::length).sum();
    return 1 + bytes / targetBytes(table);
  }

  private static long targetBytes(Table table) {
    return PropertyUtil.propertyAsLong(
        table.properties(),
        TableProperties.MANIFEST_TARGET_SIZE_BYTES,
        TableProperties.MANIFEST_TARGET_SIZE_BYTES_DEFAULT);
  }

  private static Optional<RewriteManifests> rewrite(Table table) {
    if (!isScattered(table)) {
      return Optional.empty();
    }
    long small = (long) (targetBytes(table) * SMALL);
    Map<String, Long> clusters = clusters(table);
    return Optional.of(
        table
            .rewriteManifests()
            .rewriteIf(manifest -> manifest.length() < small)
            .clusterBy(file -> requireNonNull(clusters.getOrDefault(partition(table, file), 0L))));
  }

  /** Partitions that follow each other by name, in as many parts as there are to be manifests. */
  private static Map<String, Long> clusters(Table table) {
    List<ManifestFile> manifests = manifests(table);
    TreeSet<String> partitions = new TreeSet<>();
    manifests.forEach(manifest ->
        Manifests.dataFiles(table, manifest, file -> partitions.add(partition(table, file))));
    long parts = needed(table, manifests);
    Map<String, Long> clusters = new HashMap<>();
    partitions.forEach(
        partition -> clusters.put(partition, clusters.size() * parts / partitions.size()));
    return clusters;
  }

  private static String partition(Table table, DataFile file) {
    return requireNonNull(table.specs().get(file.specId())).partitionToPath(file.partition());
  }
}
