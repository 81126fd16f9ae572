package dev.firn.compaction;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/**
 * What the manifests of a table say, each read once: beside a busy writer a look at the newest
 * snapshot comes again and again, and most of its manifests are those of the look before.
 */
final class SeenManifests {
  private final Set<String> wanted;
  private final Map<String, Set<String>> dataFiles = new HashMap<>();
  private final Map<String, List<LiveDelete>> deletes = new HashMap<>();

  /**
   * @param wanted the data files that will be asked about
   */
  SeenManifests(Set<String> wanted) {
    this.wanted = Set.copyOf(wanted);
  }

  /** Those of the wanted data files that are part of a snapshot. */
  Set<String> dataFiles(Table table, Snapshot snapshot) {
    Set<String> found = new HashSet<>();
    Set<String> manifests = new HashSet<>();
    for (ManifestFile manifest : snapshot.dataManifests(table.io())) {
      manifests.add(manifest.path());
      found.addAll(
          dataFiles.computeIfAbsent(manifest.path(), unused -> readWanted(table, manifest)));
    }
    dataFiles.keySet().retainAll(manifests);
    return found;
  }

  private Set<String> readWanted(Table table, ManifestFile manifest) {
    Set<String> found = new HashSet<>();
    Manifests.dataFiles(
        table,
        manifest,
        file -> {
          if (wanted.contains(file.location())) {
            found.add(file.location());
          }
        });
    return found;
  }

  /** All delete files of a snapshot. */
  List<LiveDelete> deletes(Table table, Snapshot snapshot) {
    List<LiveDelete> found = new ArrayList<>();
    Set<String> manifests = new HashSet<>();
    for (ManifestFile manifest : snapshot.deleteManifests(table.io())) {
      manifests.add(manifest.path());
      found.addAll(
          deletes.computeIfAbsent(
              manifest.path(), unused -> Manifests.deleteFiles(table, manifest)));
    }
    deletes.keySet().retainAll(manifests);
    return found;
  }
}
