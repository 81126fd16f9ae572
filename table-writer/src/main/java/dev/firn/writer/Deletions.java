package dev.firn.writer;

import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.apache.iceberg.deletes.Deletes;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;

/** Positions in data files whose rows are no longer live. */
final class Deletions {
  private final TreeMap<Integer, PositionDeleteIndex> byFile = new TreeMap<>();

  void add(int fileId, int position) {
    byFile.computeIfAbsent(fileId, id -> none()).delete(position);
  }

  boolean contains(int fileId, int position) {
    PositionDeleteIndex positions = byFile.get(fileId);
    return positions != null && positions.isDeleted(position);
  }

  Set<Integer> fileIds() {
    return byFile.keySet();
  }

  boolean isEmpty() {
    return byFile.isEmpty();
  }

  /** How many positions of a file. */
  long count(int fileId) {
    PositionDeleteIndex positions = byFile.get(fileId);
    return positions == null ? 0 : positions.cardinality();
  }

  void remove(int fileId) {
    byFile.remove(fileId);
  }

  @Nullable PositionDeleteIndex of(int fileId) {
    return byFile.get(fileId);
  }

  void forEach(BiConsumer<Integer, PositionDeleteIndex> action) {
    byFile.forEach(action);
  }

  void clear() {
    byFile.clear();
  }

  /** Those of the positions that are not among the others. */
  static PositionDeleteIndex without(PositionDeleteIndex positions, PositionDeleteIndex others) {
    PositionDeleteIndex left = none();
    positions.forEach(position -> {
      if (!others.isDeleted(position)) {
        left.delete(position);
      }
    });
    return left;
  }

  /** A new bitmap, empty. */
  static PositionDeleteIndex none() {
    return Deletes.toPositionIndex(CloseableIterable.<Long>empty());
  }
}
