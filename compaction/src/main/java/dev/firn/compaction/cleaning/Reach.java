package dev.firn.compaction.cleaning;

import dev.firn.compaction.CompactionException;
import dev.firn.compaction.CompactionStoppedException;
import java.util.Objects;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.PartitionStatisticsFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.StatisticsFile;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.exceptions.NotFoundException;
import org.jspecify.annotations.Nullable;

/**
 * What the metadata of a table reaches: by any of its snapshots, whether a branch or tag names it
 * or not, and by its log of metadata files.
 *
 * <p>It grows with the table: what was reached once stays so. Every manifest is read once.
 */
final class Reach {
  /** A snapshot may be expired, and its files removed, while they are read. */
  private static final int ATTEMPTS = 5;

  private static final String VERSION_HINT = "version-hint.text";

  /** How a location is related to what is reached. */
  enum Standing {
    REACHED,
    /** Another location is reached that ends in the same name: it may be the same file. */
    NAMESAKE,
    UNREACHED
  }

  private final Table table;
  private final TableOperations operations;
  private final Telling telling;
  private final LocationSet locations = new LocationSet();
  private final LocationSet names = new LocationSet();
  private @Nullable TableMetadata seen;

  private Reach(Table table, Telling telling) {
    if (!(table instanceof HasTableOperations it)) {
      throw new IllegalArgumentException("%s has no metadata of its own".formatted(table.name()));
    }
    this.table = table;
    this.operations = it.operations();
    this.telling = telling;
  }

  /** Of a table of which nothing was read yet: {@link #follow} does that. */
  static Reach of(Table table, Telling telling) {
    return new Reach(table, telling);
  }

  /**
   * Adds what the table's newest metadata reaches by now.
   *
   * @throws CompactionException it could not be read, or it is another table by now
   */
  void follow() {
    for (int attempt = 1; ; attempt++) {
      TableMetadata newest = operations.refresh();
      if (newest.equals(seen)) {
        return;
      }
      requireSameTable(newest);
      try {
        add(newest);
        seen = newest;
        return;
      } catch (NotFoundException e) {
        if (attempt == ATTEMPTS || operations.refresh().equals(newest)) {
          throw unreadable(e);
        }
      } catch (CompactionStoppedException e) {
        throw e;
      } catch (RuntimeException e) {
        throw unreadable(e);
      }
    }
  }

  private void requireSameTable(TableMetadata newest) {
    if (seen != null && !Objects.equals(seen.uuid(), newest.uuid())) {
      throw new CompactionException(
          "%s: it was dropped and made anew meanwhile; nothing more is removed"
              .formatted(table.name()));
    }
  }

  private CompactionException unreadable(RuntimeException why) {
    return new CompactionException(
        "%s: what its snapshots reach cannot be read; nothing (more) is removed: %s"
            .formatted(table.name(), why.getMessage()),
        why);
  }

  private void add(TableMetadata metadata) {
    if (metadata.metadataFileLocation() != null) {
      add(metadata.metadataFileLocation());
    }
    metadata.previousFiles().forEach(file -> add(file.file()));
    metadata.statisticsFiles().stream().map(StatisticsFile::path).forEach(this::add);
    metadata.partitionStatisticsFiles().stream()
        .map(PartitionStatisticsFile::path)
        .forEach(this::add);
    Manifests manifests = new Manifests(operations.io(), metadata.specsById());
    boolean first = seen == null;
    for (Snapshot snapshot : metadata.snapshots()) {
      if (first) {
        // Not later: what was seen then decides about files at once.
        telling.pace();
      }
      add(snapshot, manifests);
      telling.at(
          () -> "%s: %,d of its files are known so far".formatted(table.name(), locations.size()));
    }
  }

  /** What contains others is added after them: it is what is not read again. */
  private void add(Snapshot snapshot, Manifests manifests) {
    String list = snapshot.manifestListLocation();
    if (list != null && isKnown(list)) {
      return;
    }
    for (ManifestFile manifest : manifests.of(snapshot)) {
      if (!isKnown(manifest.path())) {
        manifests.forEachLocation(manifest, this::add);
        add(manifest.path());
      }
    }
    if (list != null) {
      add(list);
    }
  }

  private boolean isKnown(String location) {
    return locations.contains(Location.identity(location));
  }

  private void add(String location) {
    String identity = Location.identity(location);
    boolean unused = locations.add(identity) && names.add(Location.name(identity));
  }

  Standing standing(String location) {
    String identity = Location.identity(location);
    if (locations.contains(identity)) {
      return Standing.REACHED;
    }
    String name = Location.name(identity);
    if (isReserved(name)) {
      return Standing.REACHED;
    }
    return names.contains(name) ? Standing.NAMESAKE : Standing.UNREACHED;
  }

  private static boolean isReserved(String name) {
    return name.equals(VERSION_HINT) || Note.isNote(name);
  }
}
