package dev.firn.writer;

import java.nio.file.Path;

/**
 * Where the key indexes of one pipeline keep their slots: on the heap while its share lasts, else
 * in mapped files. For many threads.
 */
final class KeyMemory {
  private final Path folder;
  private long heapLeft;

  /**
   * @param heapBytes so much of the heap may hold slots, of all indexes together
   * @param folder for the files of those that do not fit
   */
  KeyMemory(long heapBytes, Path folder) {
    this.heapLeft = heapBytes;
    this.folder = folder;
  }

  /** All on the heap: for the keys of one batch, which have a budget already. */
  static KeyMemory heap() {
    return new KeyMemory(Long.MAX_VALUE, Path.of(""));
  }

  /** New slots, all empty. */
  synchronized KeySlots slots(int capacity) {
    long bytes = (long) Long.BYTES * KeySlots.WORDS * capacity;
    if (bytes > heapLeft || capacity > Integer.MAX_VALUE / KeySlots.WORDS) {
      return MappedKeySlots.in(folder, capacity);
    }
    heapLeft -= bytes;
    return KeySlots.onHeap(capacity);
  }

  synchronized void free(KeySlots slots) {
    heapLeft += slots.heapBytes();
  }
}
