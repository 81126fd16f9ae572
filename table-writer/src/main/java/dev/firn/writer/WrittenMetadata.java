package dev.firn.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The newest metadata files that went through this process, up to a number of bytes. Such a file
 * never changes: its name is not given twice.
 */
final class WrittenMetadata {
  private static final long MOST = 32L << 20;
  private static final int HEAP_SHARE = 32;

  private final long capacity;
  private final int largestFile;
  private final Map<String, byte[]> files = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /** For a heap of so many bytes. A manifest has 8 MB at most. */
  static WrittenMetadata partOf(long heapBytes) {
    long capacity = Math.min(MOST, heapBytes / HEAP_SHARE);
    return new WrittenMetadata(capacity, (int) (capacity / 4));
  }

  /**
   * @param capacity of all files together, in bytes
   * @param largestFile larger files are not kept
   */
  WrittenMetadata(long capacity, int largestFile) {
    this.capacity = capacity;
    this.largestFile = largestFile;
  }

  int largestFile() {
    return largestFile;
  }

  synchronized Optional<byte[]> find(String location) {
    return Optional.ofNullable(files.get(location));
  }

  synchronized void put(String location, byte[] content) {
    if (content.length > largestFile) {
      return;
    }
    remove(location);
    files.put(location, content);
    bytes += content.length;
    var oldest = files.entrySet().iterator();
    while (bytes > capacity) {
      bytes -= oldest.next().getValue().length;
      oldest.remove();
    }
  }

  synchronized void remove(String location) {
    byte[] removed = files.remove(location);
    bytes -= removed == null ? 0 : removed.length;
  }

  synchronized void removeBelow(String prefix) {
    files.keySet().stream().filter(name -> name.startsWith(prefix)).toList().forEach(this::remove);
  }
}
