package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.io.FileInfo;

/**
 * What outlives a process: files, and the catalog's pointers to the newest metadata of its tables.
 */
public final class MemoryStorage {
  private static final class StoredFile {
    private final byte[] content;
    private final Instant written;

    StoredFile(byte[] content, Instant written) {
      this.content = content;
      this.written = written;
    }

    byte[] content() {
      return content;
    }

    FileInfo info(String location) {
      return new FileInfo(location, content.length, written.toEpochMilli());
    }
  }

  private final InstantSource clock;
  private final ConcurrentMap<String, StoredFile> files = new ConcurrentHashMap<>();
  private final Map<TableIdentifier, String> tables =
      new TreeMap<>(Comparator.comparing(TableIdentifier::toString));
  private final ConcurrentMap<Namespace, Map<String, String>> namespaces =
      new ConcurrentHashMap<>();
  private final ConcurrentMap<TableIdentifier, TableMetadata> newest = new ConcurrentHashMap<>();

  public MemoryStorage() {
    this(InstantSource.system());
  }

  /**
   * @param clock tells when a file was written
   */
  public MemoryStorage(InstantSource clock) {
    this.clock = requireNonNull(clock, "clock is null");
  }

  /** Each table's metadata file: when it is the same as before, no commit has happened. */
  public synchronized Map<TableIdentifier, String> pointers() {
    return Map.copyOf(tables);
  }

  /** Locations of all files, in use or not. */
  public List<String> locations() {
    return files.keySet().stream().sorted().toList();
  }

  /** What stands in a table's metadata file, which never changes; the newest is kept. */
  TableMetadata metadata(TableIdentifier table, String location, Supplier<TableMetadata> parser) {
    TableMetadata last = newest.get(table);
    if (last != null && location.equals(last.metadataFileLocation())) {
      return last;
    }
    TableMetadata parsed = parser.get();
    newest.put(table, parsed);
    return parsed;
  }

  Optional<byte[]> file(String location) {
    return Optional.ofNullable(files.get(location)).map(StoredFile::content);
  }

  void write(String location, byte[] content) {
    files.put(location, new StoredFile(content, clock.instant()));
  }

  /** The files whose locations begin so, by name. */
  List<FileInfo> list(String prefix) {
    List<FileInfo> found = new ArrayList<>();
    new TreeMap<>(files)
        .forEach((location, file) -> {
          if (location.startsWith(prefix)) {
            found.add(file.info(location));
          }
        });
    return found;
  }

  boolean delete(String location) {
    return files.remove(location) != null;
  }

  ConcurrentMap<Namespace, Map<String, String>> namespaces() {
    return namespaces;
  }

  synchronized Optional<String> pointer(TableIdentifier table) {
    return Optional.ofNullable(tables.get(table));
  }

  /** Moves the pointer if it still is where it is expected; returns whether it was. */
  synchronized boolean swap(TableIdentifier table, Optional<String> expected, String location) {
    if (!pointer(table).equals(expected)) {
      return false;
    }
    tables.put(table, location);
    return true;
  }

  synchronized boolean drop(TableIdentifier table) {
    return tables.remove(table) != null;
  }
}
