package dev.firn.writer;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A key index by open addressing with linear probing, 32 bytes a slot: on the heap, and beyond its
 * share of that in a file.
 */
final class HashKeyIndex implements KeyIndex {
  private static final int MIN_CAPACITY = 64;
  private static final int MAX_CAPACITY = 1 << 28;
  private static final int WORDS = KeySlots.WORDS;
  private static final int HIGH = 0;
  private static final int LOW = 1;
  private static final int PLACE = 2;
  private static final int ROW_ID = 3;

  /** Inverted it is zero, as new slots are. */
  private static final long EMPTY = -1;

  private final KeyMemory memory;

  /** Slots of four words: the hash, the place with all bits inverted, the row id. */
  private KeySlots slots;

  private int capacity = MIN_CAPACITY;
  private int size;

  HashKeyIndex(KeyMemory memory) {
    this.memory = memory;
    this.slots = memory.slots(MIN_CAPACITY);
  }

  @Override
  public @Nullable RowLocation find(RowKey key, Liveness liveness) {
    for (int slot = home(key.low()); isUsed(slot); slot = next(slot)) {
      if (holds(slot, key)) {
        long place = placeAt(slot);
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
        RowLocation found = location(slot);
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
      if (placeAt(slot) == place && holds(slot, key)) {
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
        slots.set(word(slot, PLACE), ~place(now));
        slots.set(word(slot, ROW_ID), now.rowId());
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
    long place = placeAt(slot);
    return liveness.isLive(fileId(place), position(place));
  }

  @Override
  public void clear() {
    memory.free(slots);
    slots = memory.slots(MIN_CAPACITY);
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
      int home = home(slots.get(word(slot, LOW)));
      if (((slot - home) & (capacity - 1)) >= ((slot - hole) & (capacity - 1))) {
        for (int part = 0; part < WORDS; part++) {
          slots.set(word(hole, part), slots.get(word(slot, part)));
        }
        hole = slot;
      }
    }
    slots.set(word(hole, PLACE), ~EMPTY);
  }

  private void grow() {
    if (capacity == MAX_CAPACITY) {
      throw new PipelineException(
          "a table has more than %d keys: too many for the key index in memory".formatted(size));
    }
    KeySlots old = slots;
    int before = capacity;
    slots = memory.slots(2 * before);
    capacity = 2 * before;
    for (int slot = 0; slot < before; slot++) {
      long place = ~old.get(word(slot, PLACE));
      if (place != EMPTY) {
        insert(
            old.get(word(slot, HIGH)),
            old.get(word(slot, LOW)),
            place,
            old.get(word(slot, ROW_ID)));
      }
    }
    memory.free(old);
  }

  private void insert(long high, long low, long place, long rowId) {
    int slot = home(low);
    while (isUsed(slot)) {
      slot = next(slot);
    }
    slots.set(word(slot, HIGH), high);
    slots.set(word(slot, LOW), low);
    slots.set(word(slot, PLACE), ~place);
    slots.set(word(slot, ROW_ID), rowId);
  }

  private boolean holds(int slot, RowKey key) {
    return slots.get(word(slot, LOW)) == key.low() && slots.get(word(slot, HIGH)) == key.high();
  }

  private RowLocation location(int slot) {
    long place = placeAt(slot);
    return new RowLocation(fileId(place), position(place), slots.get(word(slot, ROW_ID)));
  }

  private boolean isUsed(int slot) {
    return placeAt(slot) != EMPTY;
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

  private long placeAt(int slot) {
    return ~slots.get(word(slot, PLACE));
  }

  private static long word(int slot, int part) {
    return (long) WORDS * slot + part;
  }
}
