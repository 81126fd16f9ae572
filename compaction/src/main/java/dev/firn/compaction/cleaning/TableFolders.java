package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.util.LocationUtil;

/**
 * The folders in which the files of a table are.
 *
 * @param table its full name, with the catalog's
 * @param folders as the table names them, without a slash at the end
 */
public record TableFolders(String table, Set<String> folders) {
  public TableFolders {
    requireNonNull(table, "table is null");
    folders = Set.copyOf(folders);
  }

  public static TableFolders of(Table table) {
    Map<String, String> properties = table.properties();
    Set<String> folders = new LinkedHashSet<>();
    Stream.of(
            Optional.of(table.location()),
            Optional.ofNullable(properties.get(TableProperties.WRITE_DATA_LOCATION)),
            Optional.ofNullable(properties.get(TableProperties.WRITE_METADATA_LOCATION)))
        .flatMap(Optional::stream)
        .filter(folder -> !folder.isEmpty())
        .map(LocationUtil::stripTrailingSlash)
        .forEach(folders::add);
    return new TableFolders(table.name(), folders);
  }
}
