package dev.firn.compaction.cleaning;

import dev.firn.writer.LocalFileIO;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.PartitionField;
import org.apache.iceberg.Table;

/**
 * Files and folders whose names begin with {@code _} or {@code .}: by custom those of somebody
 * else, such as {@code _delta_log} or {@code .hoodie}. Folders of partitions are none, nor are
 * files that a killed writer of Firn left unfinished.
 *
 * @param partitions how the folders of partitions begin that would be taken for hidden
 */
record HiddenParts(Set<String> partitions) {
  HiddenParts {
    partitions = Set.copyOf(partitions);
  }

  /** Of all partition specs that a table has had. */
  static HiddenParts of(Table table) {
    return new HiddenParts(
        table.specs().values().stream()
            .flatMap(spec -> spec.fields().stream())
            .map(PartitionField::name)
            .filter(HiddenParts::isHiddenName)
            .flatMap(name -> Stream.of(name, URLEncoder.encode(name, StandardCharsets.UTF_8)))
            .map(name -> name + "=")
            .collect(Collectors.toSet()));
  }

  /**
   * @param path the names of the folders and of the file, below a folder of the table
   */
  boolean areIn(List<String> path) {
    return path.subList(0, path.size() - 1).stream().anyMatch(this::isHidden)
        || (isHidden(path.getLast()) && !path.getLast().endsWith(LocalFileIO.UNFINISHED));
  }

  private boolean isHidden(String part) {
    return isHiddenName(part) && partitions.stream().noneMatch(part::startsWith);
  }

  private static boolean isHiddenName(String name) {
    return name.startsWith("_") || name.startsWith(".");
  }
}
