package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Slots in a file that is mapped into memory: the machine's free memory keeps as much of it at hand
 * as there is room for. Nothing in the file outlives the process.
 */
final class MappedKeySlots implements KeySlots {
  /** A mapping has at most two gigabytes; a power of two makes the arithmetic cheap. */
  private static final int CHUNK_BITS = 27;

  private static final long CHUNK_WORDS = 1L << CHUNK_BITS;

  private final LongBuffer[] chunks;

  private MappedKeySlots(LongBuffer[] chunks) {
    this.chunks = chunks;
  }

  /**
   * @param folder where the file lies; it has no name there once it is open, so that it is gone
   *     with the process however that ends
   */
  static MappedKeySlots in(Path folder, int capacity) {
    long words = (long) WORDS * capacity;
    try {
      Files.createDirectories(folder);
      requireRoom(folder, Long.BYTES * words);
      Path file = Files.createTempFile(folder, "firn-keys-", ".index");
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        LongBuffer[] chunks = new LongBuffer[(int) ((words + CHUNK_WORDS - 1) >>> CHUNK_BITS)];
        for (int i = 0; i < chunks.length; i++) {
          long first = i * CHUNK_WORDS;
          long length = Math.min(CHUNK_WORDS, words - first);
          chunks[i] =
              channel
                  .map(FileChannel.MapMode.READ_WRITE, Long.BYTES * first, Long.BYTES * length)
                  .order(ByteOrder.nativeOrder())
                  .asLongBuffer();
        }
        return new MappedKeySlots(chunks);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot make a file of %d bytes in %s for a key index that exceeds its share of the heap"
              .formatted(Long.BYTES * words, folder),
          e);
    }
  }

  /** A mapped file takes its place only as it is written: a full disk would end the process. */
  static void requireRoom(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < bytes) {
      throw new PipelineException(
          ("a key index exceeds its share of the heap and wants %d bytes in %s, where %d are free;"
                  + " give it another folder (key-index.folder) or more of the heap (key-index.memory)")
              .formatted(bytes, folder, free));
    }
  }

  @Override
  public long get(long word) {
    return chunks[(int) (word >>> CHUNK_BITS)].get((int) (word & (CHUNK_WORDS - 1)));
  }

  @Override
  public void set(long word, long value) {
    chunks[(int) (word >>> CHUNK_BITS)].put((int) (word & (CHUNK_WORDS - 1)), value);
  }

  @Override
  public long heapBytes() {
    return 0;
  }
}
