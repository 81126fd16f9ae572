package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Objects;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.jspecify.annotations.Nullable;

/**
 * A data file of a table: one being written, one written, or one committed, in this order.
 *
 * <p>Its deleted positions and its deletion vector are those of the last commit.
 */
final class LiveFile {
  private final int id;
  private @Nullable DataFile file;
  private boolean committed;
  private long firstRowId = -1;
  private PositionDeleteIndex deleted = PositionDeleteIndex.empty();
  private @Nullable DeleteFile vector;

  LiveFile(int id) {
    this.id = id;
  }

  int id() {
    return id;
  }

  /** The file, once it is written. */
  DataFile file() {
    return requireNonNull(file, "the file is still being written");
  }

  boolean isCommitted() {
    return committed;
  }

  PositionDeleteIndex deleted() {
    return deleted;
  }

  @Nullable DeleteFile vector() {
    return vector;
  }

  /** A row's id: its own, or what it inherits from a committed file; -1 in one that is not. */
  long rowId(RowLocation location) {
    if (location.rowId() != RowLocation.INHERITED) {
      return location.rowId();
    }
    return firstRowId < 0 ? -1 : firstRowId + location.position();
  }

  void written(DataFile written) {
    this.file = written;
  }

  /**
   * @param first the id of its first row; -1 in a table without row lineage
   */
  void committed(long first) {
    this.committed = true;
    this.firstRowId = first;
  }

  /** Forgets the metrics of its columns, which only the commit of it needs. */
  void dropMetrics() {
    file = file().copyWithoutStats();
  }

  void deleted(PositionDeleteIndex positions, @Nullable DeleteFile newVector) {
    if (deleted.isEmpty()) {
      deleted = Deletions.none();
    }
    deleted.merge(positions);
    vector = newVector;
  }

  /** Notes all its deleted positions, in the place of those that were known. */
  void redeleted(PositionDeleteIndex positions, @Nullable DeleteFile newVector) {
    deleted = PositionDeleteIndex.empty();
    deleted(positions, newVector);
  }

  /** Whether its deleted positions are those of these delete files; false when it must be read. */
  boolean isDeletedBy(List<DeleteFile> deletes) {
    if (deletes.isEmpty()) {
      return deleted.isEmpty();
    }
    DeleteFile known = vector;
    DeleteFile other = deletes.getFirst();
    return known != null
        && deletes.size() == 1
        && known.location().equals(other.location())
        && Objects.equals(known.contentOffset(), other.contentOffset());
  }

  long liveRows() {
    return file().recordCount() - deletedRows();
  }

  private long deletedRows() {
    // an index without positions has no cardinality
    return deleted.isEmpty() ? 0 : deleted.cardinality();
  }

  /** Whether no row of it is live once {@code more} positions, none deleted before, are gone. */
  boolean isDeadWith(PositionDeleteIndex more) {
    return more.cardinality() == liveRows();
  }
}
