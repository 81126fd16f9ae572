package dev.firn.ingest;

import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;

/** An embedded lake whose tables name data files that were never written: none is to be opened. */
final class MeasuredLake implements AutoCloseable {
  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.IntegerType.get()));

  final Catalog catalog;

  MeasuredLake(Path folder) {
    this.catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("shop"));
  }

  /** With the mark of a pipeline, so that Firn keeps it. */
  Table table(TableIdentifier name) {
    return create(name, Map.of("firn.pipeline", "shop", "firn.epoch", "1"));
  }

  /** Without a mark. */
  Table foreign(TableIdentifier name) {
    return create(name, Map.of());
  }

  Table changelog(TableIdentifier of) {
    return create(LakeTables.changelogOf(of), Map.of(LakeTables.CHANGELOG_OF, of.toString()));
  }

  private Table create(TableIdentifier name, Map<String, String> properties) {
    return catalog
        .buildTable(name, SCHEMA)
        .withProperty("format-version", "3")
        .withProperties(properties)
        .create();
  }

  /** Adds data files of one megabyte and ten rows each. */
  static void append(Table table, int files) {
    AppendFiles append = table.newFastAppend();
    for (int i = 0; i < files; i++) {
      append.appendFile(
          DataFiles.builder(table.spec())
              .withPath(location(table))
              .withFormat(FileFormat.PARQUET)
              .withFileSizeInBytes(1 << 20)
              .withRecordCount(10)
              .build());
    }
    append.set("firn.pipeline", "shop").commit();
  }

  static void deleteByEquality(Table table) {
    table
        .newRowDelta()
        .addDeletes(
            FileMetadata.deleteFileBuilder(table.spec())
                .ofEqualityDeletes(1)
                .withPath(location(table))
                .withFormat(FileFormat.PARQUET)
                .withFileSizeInBytes(2048)
                .withRecordCount(3)
                .build())
        .set("engine-name", "flink")
        .commit();
  }

  private static String location(Table table) {
    return "%s/data/%s.parquet".formatted(table.location(), UUID.randomUUID());
  }

  @Override
  public void close() throws IOException {
    Lake.closing(catalog).close();
  }
}
