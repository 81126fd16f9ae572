package dev.firn.compaction.cleaning;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.FileInfo;

/**
 * The files in a table's folders that nothing in its metadata reaches, whatever their age: also
 * those that a writer has not committed yet. What is hidden, as by {@code _} or {@code .}, is not
 * looked at.
 *
 * @param examples the first of them
 * @param notes why some folders were not looked at
 */
public record Unreachable(long files, long bytes, List<String> examples, List<String> notes) {
  private static final int MAX_EXAMPLES = 20;

  public Unreachable {
    examples = List.copyOf(examples);
    notes = List.copyOf(notes);
  }

  /** Looks at a table in whose folders no other lies. */
  public static Unreachable in(Table table) {
    return in(table, List.of());
  }

  /**
   * Counts them, and changes nothing.
   *
   * @param others tables that may lie in its folders; the table itself may be among them
   * @throws dev.firn.compaction.CompactionException its metadata cannot be read
   */
  public static Unreachable in(Table table, Collection<TableFolders> others) {
    Reach reach = Reach.of(table, Telling.nobody());
    reach.follow();
    Territory territory = Territory.of(TableFolders.of(table), others);
    List<FileInfo> candidates = new ArrayList<>();
    List<String> notes =
        Listing.forEach(
            table,
            territory,
            file -> {
              if (isUnreached(reach, file)) {
                candidates.add(file);
              }
            });
    // What was committed since the listing began is reached.
    reach.follow();
    List<FileInfo> found = candidates.stream().filter(file -> isUnreached(reach, file)).toList();
    return new Unreachable(
        found.size(),
        found.stream().mapToLong(FileInfo::size).sum(),
        found.stream().map(FileInfo::location).limit(MAX_EXAMPLES).toList(),
        notes);
  }

  private static boolean isUnreached(Reach reach, FileInfo file) {
    return reach.standing(file.location()) == Reach.Standing.UNREACHED;
  }
}
