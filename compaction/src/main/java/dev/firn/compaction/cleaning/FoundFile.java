package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

/**
 * A file that may have to go.
 *
 * @param bytes 0 where it is not known
 */
record FoundFile(FileKind kind, long bytes, String location) {
  FoundFile {
    requireNonNull(kind, "kind is null");
    requireNonNull(location, "location is null");
  }
}
