package dev.firn.writer;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A key index on the heap: open addressing with linear probing, 32 bytes a slot. */
final class HeapKeyIndex implements KeyIndex {
  private static final int MIN_CAPACITY = 64;
  private static final int MAX_CAPACITY = 1 << 28;
  private static final int HIGH = 0;
  private static final int LOW = 1;
  private static final int PLACE = 2;
  private static final int ROW_ID = 3;
  private static final long EMPTY = -1;

  /** Slots of four words: the hash, the place, the row id. */
  private long[] slots = empty(MIN_CAPACITY);

  private int capacity = MIN_CAPACITY;
  private int size;

  @Override
  public @Nullable RowLocation find(RowKey key, Liveness liveness) {
    for (int slot = home(key.low()); isUsed(slot); slot = next(slot)) {
      if (holds(slot, key)) {
        long place = slots[4 * slot + PLACE];
        if (liveness.isLive(fileId(place), position(place))) {
          return location(slot);
        }
      }
    }
    return null;
  }

  @Override
  public @Nullable RowLocation findAny(RowKey key, Predicate<RowLocation> wanted) {
    for (int slot = home(key.low()); isUsed(slot); slot = next(slot)) {
      if (holds(slot, key)) {
        long place = slots[4 * slot + PLACE];
        RowLocation found =
            new RowLocation(fileId(place), position(place), slots[4 * slot + ROW_ID]);
        if (wanted.test(found)) {
          return found;
        }
      }
    }
    return null;
  }

  @Override
  public void add(RowKey key, RowLocation location) {
    if (size >= capacity - capacity / 4) {
      grow();
    }
    insert(key.high(), key.low(), place(location), location.rowId());
    size++;
  }

  @Override
  public void remove(RowKey key, RowLocation location) {
    long place = place(location);
    for (int slot = home(key.low()); isUsed(slot); slot = next(slot)) {
      if (slots[4 * slot + PLACE] == place && holds(slot, key)) {
        close(slot);
        size--;
        return;
      }
    }
  }

  @Override
  public boolean replace(RowKey key, Predicate<RowLocation> old, RowLocation now) {
    for (int slot = home(key.low()); isUsed(slot); slot = next(slot)) {
      if (holds(slot, key) && old.test(location(slot))) {
        slots[4 * slot + PLACE] = place(now);
        slots[4 * slot + ROW_ID] = now.rowId();
        return true;
      }
    }
    return false;
  }

  @Override
  public void retain(Liveness liveness) {
    for (int slot = 0; slot < capacity; slot++) {
      // Looked at again: what fills the slot comes from one that was not looked at yet, or lives.
      while (isUsed(slot) && !isLive(slot, liveness)) {
        close(slot);
        size--;
      }
    }
  }

  private boolean isLive(int slot, Liveness liveness) {
    long place = slots[4 * slot + PLACE];
    return liveness.isLive(fileId(place), position(place));
  }

  @Override
  public void clear() {
    slots = empty(MIN_CAPACITY);
    capacity = MIN_CAPACITY;
    size = 0;
  }

  @Override
  public long size() {
    return size;
  }

  /** Fills a freed slot from behind, so that no probe sequence is cut. */
  private void close(int freed) {
    int hole = freed;
    for (int slot = next(hole); isUsed(slot); slot = next(slot)) {
      int home = home(slots[4 * slot + LOW]);
      if (((slot - home) & (capacity - 1)) >= ((slot - hole) & (capacity - 1))) {
        System.arraycopy(slots, 4 * slot, slots, 4 * hole, 4);
        hole = slot;
      }
    }
    slots[4 * hole + PLACE] = EMPTY;
  }

  private void grow() {
    if (capacity == MAX_CAPACITY) {
      throw new PipelineException(
          "a table has more than %d keys: too many for the key index in memory".formatted(size));
    }
    long[] old = slots;
    capacity *= 2;
    slots = empty(capacity);
    for (int i = 0; i < old.length; i += 4) {
      if (old[i + PLACE] != EMPTY) {
        insert(old[i + HIGH], old[i + LOW], old[i + PLACE], old[i + ROW_ID]);
      }
    }
  }

  private void insert(long high, long low, long place, long rowId) {
    int slot = home(low);
    while (isUsed(slot)) {
      slot = next(slot);
    }
    int i = 4 * slot;
    slots[i + HIGH] = high;
    slots[i + LOW] = low;
    slots[i + PLACE] = place;
    slots[i + ROW_ID] = rowId;
  }

  private boolean holds(int slot, RowKey key) {
    return slots[4 * slot + LOW] == key.low() && slots[4 * slot + HIGH] == key.high();
  }

  private RowLocation location(int slot) {
    long place = slots[4 * slot + PLACE];
    return new RowLocation(fileId(place), position(place), slots[4 * slot + ROW_ID]);
  }

  private boolean isUsed(int slot) {
    return slots[4 * slot + PLACE] != EMPTY;
  }

  private int home(long low) {
    return (int) (low ^ (low >>> 32)) & (capacity - 1);
  }

  private int next(int slot) {
    return (slot + 1) & (capacity - 1);
  }

  private static long place(RowLocation location) {
    return ((long) location.fileId() << 32) | location.position();
  }

  private static int fileId(long place) {
    return (int) (place >>> 32);
  }

  private static int position(long place) {
    return (int) place;
  }

  private static long[] empty(int capacity) {
    long[] slots = new long[4 * capacity];
    for (int i = PLACE; i < slots.length; i += 4) {
      slots[i] = EMPTY;
    }
    return slots;
  }
}
