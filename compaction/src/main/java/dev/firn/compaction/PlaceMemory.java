package dev.firn.compaction;

import java.io.IOException;
import java.nio.LongBuffer;
import java.util.Arrays;

/** Room for the places of rows that are moved: on the heap, and mapped where that is too much. */
final class PlaceMemory {
  private static final long MOST_ROWS = Integer.MAX_VALUE / Long.BYTES;

  private long heapLeft;

  /**
   * @param heapBytes for all places
   */
  PlaceMemory(long heapBytes) {
    this.heapLeft = heapBytes;
  }

  /** Of the rows of one file; all are {@link NewFiles#POSTPONED}. */
  LongBuffer of(long rows) throws IOException {
    if (rows > MOST_ROWS) {
      throw new CompactionException(
          "a data file has %d rows; of such with more than %d no rows are moved"
              .formatted(rows, MOST_ROWS));
    }
    long bytes = rows * Long.BYTES;
    if (bytes > heapLeft) {
      try (SpillFile file = SpillFile.make()) {
        return file.longs((int) rows, NewFiles.POSTPONED);
      }
    }
    heapLeft -= bytes;
    long[] places = new long[(int) rows];
    Arrays.fill(places, NewFiles.POSTPONED);
    return LongBuffer.wrap(places);
  }
}
