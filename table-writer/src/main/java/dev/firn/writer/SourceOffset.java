package dev.firn.writer;

import static java.util.Objects.requireNonNull;

/**
 * Where the source's reader has to resume, as that reader wrote it down; opaque to the core.
 *
 * @param partition the source partition, as JSON
 * @param offset the offset within it, as JSON
 */
public record SourceOffset(String partition, String offset) {
  public SourceOffset {
    requireNonNull(partition, "partition is null");
    requireNonNull(offset, "offset is null");
  }
}
