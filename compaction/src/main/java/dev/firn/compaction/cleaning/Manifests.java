package dev.firn.compaction.cleaning;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotParser;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;

/** Reads manifest lists and manifests, and keeps nothing of them. */
final class Manifests {
  private static final List<String> COLUMNS =
      List.of("content", "file_path", "file_format", "record_count", "file_size_in_bytes");

  private final FileIO io;
  private final Map<Integer, PartitionSpec> specs;

  Manifests(FileIO io, Map<Integer, PartitionSpec> specs) {
    this.io = io;
    this.specs = specs;
  }

  List<ManifestFile> of(Snapshot snapshot) {
    // A copy: a snapshot keeps the manifests that it was asked for, and there may be very many.
    return SnapshotParser.fromJson(SnapshotParser.toJson(snapshot)).allManifests(io);
  }

  /** Where its live files are. */
  void forEachLocation(ManifestFile manifest, Consumer<String> each) {
    try (CloseableIterable<String> locations = ManifestFiles.readPaths(manifest, io, specs)) {
      locations.forEach(each);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read %s".formatted(manifest.path()), e);
    }
  }

  /** Its live files. */
  void forEachFile(ManifestFile manifest, Consumer<FoundFile> each) {
    try (CloseableIterable<? extends ContentFile<?>> files = reader(manifest)) {
      for (ContentFile<?> file : files) {
        each.accept(new FoundFile(kind(file), file.fileSizeInBytes(), file.location()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read %s".formatted(manifest.path()), e);
    }
  }

  private ManifestReader<? extends ContentFile<?>> reader(ManifestFile manifest) {
    return switch (manifest.content()) {
      case DATA -> ManifestFiles.read(manifest, io, specs).select(COLUMNS);
      case DELETES -> ManifestFiles.readDeleteManifest(manifest, io, specs).select(COLUMNS);
    };
  }

  private static FileKind kind(ContentFile<?> file) {
    if (file.format() == FileFormat.PUFFIN) {
      return FileKind.PUFFIN;
    }
    return file.content() == FileContent.DATA ? FileKind.DATA_FILE : FileKind.DELETE_FILE;
  }
}
