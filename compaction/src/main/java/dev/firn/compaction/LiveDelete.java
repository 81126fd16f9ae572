package dev.firn.compaction;

import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.jspecify.annotations.Nullable;

/**
 * A delete file that is part of a table.
 *
 * @param dataFile where the one data file lies that it is about; null: it may be about several
 */
record LiveDelete(DeleteFile file, @Nullable String dataFile) {
  boolean isByEquality() {
    return file.content() == FileContent.EQUALITY_DELETES;
  }

  /** Vectors of several data files share one location. */
  static String identity(DeleteFile delete) {
    return "%s@%s".formatted(delete.location(), delete.contentOffset());
  }
}
