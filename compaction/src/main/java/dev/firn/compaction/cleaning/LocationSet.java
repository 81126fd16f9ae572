package dev.firn.compaction.cleaning;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A set of texts that keeps a hash of 128 bits of each: at most 64 bytes of memory for one, however
 * long it is. Texts are never confused in practice; were they, a file would be kept too long.
 */
final class LocationSet {
  private static final int LEAST_SLOTS = 1 << 10;

  private final MessageDigest digest = sha256();

  /** Two for each slot; both are zero where it is free. */
  private long[] halves = new long[2 * LEAST_SLOTS];

  private int size;

  private record Hash(long high, long low) {}

  /** Returns whether it was not there. */
  boolean add(String text) {
    Hash hash = hash(text);
    int slot = slot(hash);
    if (!isFree(slot)) {
      return false;
    }
    put(slot, hash);
    if (++size > halves.length / 4) {
      grow();
    }
    return true;
  }

  boolean contains(String text) {
    return !isFree(slot(hash(text)));
  }

  int size() {
    return size;
  }

  private void grow() {
    long[] old = halves;
    halves = new long[Math.multiplyExact(old.length, 2)];
    for (int i = 0; i < old.length; i += 2) {
      if (old[i] != 0 || old[i + 1] != 0) {
        Hash hash = new Hash(old[i], old[i + 1]);
        put(slot(hash), hash);
      }
    }
  }

  private void put(int slot, Hash hash) {
    halves[slot] = hash.high;
    halves[slot + 1] = hash.low;
  }

  private boolean isFree(int slot) {
    return halves[slot] == 0 && halves[slot + 1] == 0;
  }

  /** Where it is, or where it would go. */
  private int slot(Hash hash) {
    int mask = halves.length - 1;
    int slot = (int) hash.low << 1 & mask;
    while (!isFree(slot) && (halves[slot] != hash.high || halves[slot + 1] != hash.low)) {
      slot = slot + 2 & mask;
    }
    return slot;
  }

  private Hash hash(String text) {
    ByteBuffer bytes = ByteBuffer.wrap(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    // Zero means free; the lowest bit also chooses no slot.
    return new Hash(bytes.getLong() | 1, bytes.getLong());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has it", e);
    }
  }
}
