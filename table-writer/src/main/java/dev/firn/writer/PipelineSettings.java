package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;

/**
 * How one pipeline writes.
 *
 * @param name the pipeline's name; the newest process that runs under it is its one writer
 * @param controlNamespace where its control table lies
 * @param formatVersion of the tables it creates: 3 (deletion vectors) or 2 (position deletes)
 * @param tableProperties set on the tables it creates, over Firn's own defaults
 * @param targetFileBytes size at which a data file is closed and the next one begun
 * @param patience for how long what storage or catalog refuse is tried again
 */
public record PipelineSettings(
    String name,
    Namespace controlNamespace,
    int formatVersion,
    Map<String, String> tableProperties,
    long targetFileBytes,
    Patience patience) {
  /** For how long an outage of storage or catalog may last unless it is set. */
  public static final Patience DEFAULT_PATIENCE = Patience.of(Duration.ofMinutes(5));

  /** With the default patience. */
  public PipelineSettings(
      String name,
      Namespace controlNamespace,
      int formatVersion,
      Map<String, String> tableProperties,
      long targetFileBytes) {
    this(name, controlNamespace, formatVersion, tableProperties, targetFileBytes, DEFAULT_PATIENCE);
  }

  public PipelineSettings {
    requireNonNull(patience, "patience is null");
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
}
