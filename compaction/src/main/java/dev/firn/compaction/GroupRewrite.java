package dev.firn.compaction;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.Table;

/**
 * The live rows of a group of files, written with their lineage to new files, in the same order or
 * in the one that the table's owner asks for. They are part of no table until {@link #commit()}.
 */
public final class GroupRewrite {
  private final Table table;
  private final FileGroup group;
  private final CompactionSettings settings;
  private final Tools tools;
  private final Written written;

  /**
   * What the groups of one run share.
   *
   * @param seen knows the manifests that were read before
   * @param equality knows the equality deletes that were read last
   * @param order of rows in new files
   */
  record Tools(Work work, SeenManifests seen, EqualityDeletes equality, RowOrder order) {
    /** Of so much memory half is for files that are written, and a part for what is known. */
    private static final int SHARE_OF_KEYS = 4;

    static Tools of(Table table, CompactionSettings settings, Work work, Set<String> locations) {
      return new Tools(
          work,
          new SeenManifests(locations),
          new EqualityDeletes(table, settings.memoryBytes() / SHARE_OF_KEYS, work),
          RowOrder.of(table));
    }

    /**
     * Groups were made for the order that was: one that was changed since waits for the next run.
     */
    RowOrder orderIn(Table table) {
      return RowOrder.of(table).equals(order) ? order : new RowOrder.AsTheyLie(Optional.empty());
    }
  }

  /**
   * @param digest of the live rows, as they were read and as they are in the new files
   */
  record Written(List<SourceFile> sources, List<DataFile> files, String digest) {}

  private GroupRewrite(
      Table table, FileGroup group, CompactionSettings settings, Tools tools, Written written) {
    this.table = table;
    this.group = group;
    this.settings = settings;
    this.tools = tools;
    this.written = written;
  }

  /**
   * Writes the new files.
   *
   * @throws CompactionException the rows that were written are not those that were live; nothing is
   *     committed
   */
  public static GroupRewrite write(Table table, FileGroup group, CompactionSettings settings) {
    Set<String> locations =
        group.files().stream().map(PlannedFile::location).collect(Collectors.toSet());
    return write(table, group, settings, Tools.of(table, settings, Work.silent(), locations));
  }

  /**
   * @throws CompactionStoppedException what was written is removed
   */
  static GroupRewrite write(
      Table table, FileGroup group, CompactionSettings settings, Tools tools) {
    Written written = new GroupWriter(table, group, settings, tools).run();
    return new GroupRewrite(table, group, settings, tools, written);
  }

  /**
   * Puts the new files in the place of the old ones, whatever was deleted from these meanwhile.
   *
   * @throws CompactionException it could not be done, after several attempts
   */
  public GroupOutcome commit() {
    return new RewriteCommit(table, this).run();
  }

  /** Removes the new files, which must not have been committed. */
  public void abandon() {
    DataFiles.delete(table, written.files);
  }

  /** The snapshot that the old files were found in. */
  long snapshotId() {
    return group.snapshotId();
  }

  String why() {
    return group.why(settings.targetBytes(), table.spec().specId(), tools.order);
  }

  CompactionMode mode() {
    return settings.mode();
  }

  Tools tools() {
    return tools;
  }

  List<SourceFile> sources() {
    return written.sources;
  }

  List<DataFile> written() {
    return written.files;
  }

  String digest() {
    return written.digest;
  }

  long bytesWritten() {
    return written.files.stream().mapToLong(DataFile::fileSizeInBytes).sum();
  }

  long rowsWritten() {
    return written.files.stream().mapToLong(DataFile::recordCount).sum();
  }

  long deletedRowsRemoved() {
    return written.sources.stream().mapToLong(SourceFile::deletedRows).sum();
  }

  /** How many files of equality deletes apply to the old files, and not to the new ones. */
  int equalityDeletesMerged() {
    return EqualityDeletes.all(table, group.files()).size();
  }
}
