package dev.firn.compaction;

import static org.apache.iceberg.util.ContentFileUtil.referencedDataFileLocation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/**
 * Reads manifests one file at a time, without the statistics of columns: planning a scan would keep
 * for each data file the list of all its delete files.
 */
final class Manifests {
  private static final List<String> DATA_COLUMNS =
      List.of(
          "content",
          "file_path",
          "file_format",
          "partition",
          "record_count",
          "file_size_in_bytes",
          "key_metadata",
          "split_offsets",
          "sort_order_id",
          "first_row_id");

  private static final List<String> DELETE_COLUMNS =
      List.of(
          "content",
          "file_path",
          "file_format",
          "partition",
          "record_count",
          "file_size_in_bytes",
          "key_metadata",
          "split_offsets",
          "sort_order_id",
          "equality_ids",
          "referenced_data_file",
          "content_offset",
          "content_size_in_bytes",
          "lower_bounds",
          "upper_bounds");

  private Manifests() {}

  static void dataFiles(Table table, ManifestFile manifest, Consumer<DataFile> files) {
    try (ManifestReader<DataFile> reader =
        ManifestFiles.read(manifest, table.io(), table.specs()).select(DATA_COLUMNS)) {
      reader.forEach(files);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
  }

  /** All delete files of a snapshot. */
  static List<LiveDelete> deleteFiles(Table table, Snapshot snapshot) {
    return snapshot.deleteManifests(table.io()).stream()
        .flatMap(manifest -> deleteFiles(table, manifest).stream())
        .toList();
  }

  static List<LiveDelete> deleteFiles(Table table, ManifestFile manifest) {
    List<LiveDelete> deletes = new ArrayList<>();
    try (ManifestReader<DeleteFile> reader =
        ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())
            .select(DELETE_COLUMNS)) {
      reader.forEach(file ->
          deletes.add(new LiveDelete(file.copyWithoutStats(), referencedDataFileLocation(file))));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the delete files of " + table.name(), e);
    }
    return deletes;
  }
}
