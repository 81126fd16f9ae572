package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

/**
 * How tables are compacted.
 *
 * @param targetBytes size at which a data file is closed and the next one begun
 * @param memoryBytes what a run may hold in memory, about; a file that is being written included
 */
public record CompactionSettings(long targetBytes, CompactionMode mode, long memoryBytes) {
  public static final long DEFAULT_MEMORY_BYTES = 256L << 20;

  private static final long LEAST_MEMORY_BYTES = 1L << 20;

  public CompactionSettings {
    requireNonNull(mode, "mode is null");
    if (targetBytes <= 0 || memoryBytes < LEAST_MEMORY_BYTES) {
      throw new IllegalArgumentException(
          "a target of %d bytes with %d bytes of memory".formatted(targetBytes, memoryBytes));
    }
  }

  /** With the default memory. */
  public CompactionSettings(long targetBytes, CompactionMode mode) {
    this(targetBytes, mode, DEFAULT_MEMORY_BYTES);
  }
}
