package dev.firn.ingest;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.writer.Lake;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.Catalog;

/**
 * A lake, and how its tables are maintained.
 *
 * @param catalogName the catalog's name, which some catalogs store with each table
 * @param catalog the catalog's properties
 */
record MaintainedLake(
    String catalogName,
    Map<String, String> catalog,
    long targetFileBytes,
    MaintenanceConfig maintenance) {
  /** The part of the heap that a rewrite may use. */
  private static final int MEMORY_SHARE = 4;

  private static final long LEAST_MEMORY_BYTES = 16L << 20;

  MaintainedLake {
    catalog = Map.copyOf(catalog);
  }

  static MaintainedLake of(SinkSettings settings) {
    return new MaintainedLake(
        settings.catalogName(),
        settings.catalog(),
        settings.pipeline().targetFileBytes(),
        settings.maintenance());
  }

  /**
   * The lake of a folder, or of the demo's folder around it, maintained as by default.
   *
   * @throws SettingsException there is none
   */
  static MaintainedLake embedded(Path folder) {
    Path lake =
        Stream.of(folder, folder.resolve("lake"))
            .filter(place -> Files.isRegularFile(place.resolve("catalog.db")))
            .findFirst()
            .orElseThrow(() ->
                new SettingsException(
                    "--dir %s: no embedded lake there (it has a file catalog.db, as has the folder lake of a demo)"
                        .formatted(folder)));
    return new MaintainedLake(
        Lake.DEFAULT_NAME,
        Lake.embedded(lake),
        SinkSettings.DEFAULT_TARGET_FILE_BYTES,
        MaintenanceConfig.parse(new Keys(SinkSettings.PREFIX, Map.of())));
  }

  /**
   * @throws SettingsException it cannot be opened, with the way out where that is known
   */
  Catalog open() {
    return LakeProbe.explaining(catalog, () -> Lake.open(catalogName, catalog));
  }

  /**
   * @param heapBytes of this process; a rewrite gets a part of it
   */
  MaintenanceSettings settings(CompactionMode mode, long heapBytes) {
    long memory = Math.max(LEAST_MEMORY_BYTES, heapBytes / MEMORY_SHARE);
    return new MaintenanceSettings(
        new CompactionSettings(targetFileBytes, mode, memory),
        maintenance.retention(),
        maintenance.cleaning());
  }
}
