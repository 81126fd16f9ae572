package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * How one pipeline writes.
 *
 * @param name the pipeline's name; the newest process that runs under it is its one writer
 * @param controlNamespace where its control table lies
 * @param formatVersion of the tables it creates: 3 (deletion vectors) or 2 (position deletes)
 * @param tableProperties set on the tables it creates, over Firn's own defaults
 * @param targetFileBytes size at which a data file is closed and the next one begun
 * @param keyIndex where the places of all keys are kept
 * @param patience for how long what storage or catalog refuse is tried again
 * @param visibility what of a batch readers see at once
 */
public record PipelineSettings(
    String name,
    Namespace controlNamespace,
    int formatVersion,
    Map<String, String> tableProperties,
    long targetFileBytes,
    KeyIndexSettings keyIndex,
    Patience patience,
    Visibility visibility) {
  /** For how long an outage of storage or catalog may last unless it is set. */
  public static final Patience DEFAULT_PATIENCE = Patience.of(Duration.ofMinutes(5));

  /** What of a batch becomes visible at once. */
  public enum Visibility {
    /** Each table's part; for any catalog. */
    EACH_TABLE,
    /** All of it; for a REST catalog that commits several tables in one transaction. */
    WHOLE_BATCH
  }

  /**
   * Where key indexes are kept.
   *
   * @param heapBytes so much of the heap may hold them, all of the pipeline's together
   * @param folder for the files of those that do not fit; nothing in it outlives the process
   */
  public record KeyIndexSettings(long heapBytes, Path folder) {
    private static final int HEAP_SHARE = 4;

    public KeyIndexSettings {
      requireNonNull(folder, "folder is null");
      if (heapBytes < 0) {
        throw new IllegalArgumentException("%d bytes of the heap".formatted(heapBytes));
      }
    }

    /** A quarter of the heap, and the folder for temporary files. */
    public static KeyIndexSettings standard() {
      return new KeyIndexSettings(
          Runtime.getRuntime().maxMemory() / HEAP_SHARE,
          Path.of(System.getProperty("java.io.tmpdir")));
    }
  }

  /** With the standard key index and the default patience. */
  public PipelineSettings(
      String name,
      Namespace controlNamespace,
      int formatVersion,
      Map<String, String> tableProperties,
      long targetFileBytes) {
    this(
        name,
        controlNamespace,
        formatVersion,
        tableProperties,
        targetFileBytes,
        KeyIndexSettings.standard(),
        DEFAULT_PATIENCE,
        Visibility.EACH_TABLE);
  }

  public PipelineSettings {
    requireNonNull(patience, "patience is null");
    requireNonNull(visibility, "visibility is null");
    requireNonNull(name, "name is null");
    requireNonNull(controlNamespace, "controlNamespace is null");
    if (!name.matches("[A-Za-z0-9_-]+")) {
      throw new IllegalArgumentException(
          "pipeline name '%s': letters, digits, '_' and '-' only".formatted(name));
    }
    if (formatVersion != 2 && formatVersion != 3) {
      throw new IllegalArgumentException("format-version %d: 2 or 3".formatted(formatVersion));
    }
    if (targetFileBytes <= 0) {
      throw new IllegalArgumentException("target file size %d bytes".formatted(targetFileBytes));
    }
    tableProperties = Map.copyOf(tableProperties);
  }

  /** The name of the pipeline's control table. */
  public TableIdentifier controlTable() {
    return TableIdentifier.of(controlNamespace, name);
  }
}
