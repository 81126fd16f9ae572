package dev.firn.writer;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** From a key to where its rows lie; a keyless table may have several rows of one key. */
interface KeyIndex {
  /** Decides whether a location still counts. */
  @FunctionalInterface
  interface Liveness {
    boolean isLive(int fileId, int position);
  }

  /** Any location of the key that is live, or null. */
  @Nullable RowLocation find(RowKey key, Liveness liveness);

  /** Any location of the key that passes, or null. */
  @Nullable RowLocation findAny(RowKey key, Predicate<RowLocation> wanted);

  void add(RowKey key, RowLocation location);

  /** Removes one location of the key; nothing happens when it is not there. */
  void remove(RowKey key, RowLocation location);

  /**
   * Puts a location in the place of one of the key that is so.
   *
   * @return false when there is none; nothing happened
   */
  boolean replace(RowKey key, Predicate<RowLocation> old, RowLocation now);

  /** Removes all locations that are not live. */
  void retain(Liveness liveness);

  void clear();

  /** Number of locations. */
  long size();
}
