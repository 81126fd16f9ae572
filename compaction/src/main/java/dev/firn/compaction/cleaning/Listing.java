package dev.firn.compaction.cleaning;

import java.util.List;
import java.util.function.Consumer;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.SupportsPrefixOperations;

/** Lists the files in the folders of a table. */
final class Listing {
  /** What a cleaning says of a storage that cannot do it. */
  static final String IMPOSSIBLE = "left alone: its storage cannot list files";

  private Listing() {}

  /**
   * Goes through the files that can only be this table's. What is hidden is left out: Iceberg
   * writes nothing there, others do.
   *
   * @return why some, or all, were left out
   */
  static List<String> forEach(Table table, Territory territory, Consumer<FileInfo> each) {
    if (!(table.io() instanceof SupportsPrefixOperations io)) {
      return List.of(IMPOSSIBLE);
    }
    HiddenParts hidden = HiddenParts.of(table);
    try {
      for (String root : territory.roots()) {
        // With the slash: else the folder of t_changelog is listed with that of t.
        for (FileInfo file : io.listPrefix(root + "/")) {
          if (territory.ownsPlainly(file.location(), hidden)) {
            each.accept(file);
          }
        }
      }
      return territory.notes();
    } catch (UnsupportedOperationException e) {
      return List.of(IMPOSSIBLE);
    }
  }
}
