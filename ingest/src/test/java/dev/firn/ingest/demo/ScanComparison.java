package dev.firn.ingest.demo;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.io.RollingDataWriter;

/**
 * A full scan of an unpartitioned table, and one of a copy that has just been written: median times
 * from asking the catalog to the last row, by one reader, in turns.
 */
record ScanComparison(
    Duration table, Duration copy, long tableFiles, long copyFiles, long copyBytes) {
  private static final TableIdentifier COPY = TableIdentifier.of("copies", "copy");

  /**
   * Copies the table and scans both.
   *
   * @param table as it is now, loaded from its catalog at each call
   * @param folder where the copy goes
   * @param times how often each is scanned, after once that does not count
   */
  static ScanComparison of(Supplier<Table> table, Path folder, int times) {
    Catalog catalog = open(folder);
    Supplier<Table> copy = () -> catalog.loadTable(COPY);
    copy(table.get(), catalog);
    List<Duration> ofTable = new ArrayList<>();
    List<Duration> ofCopy = new ArrayList<>();
    for (int i = 0; i <= times; i++) {
      ofTable.add(scan(table));
      ofCopy.add(scan(copy));
    }
    return new ScanComparison(
        median(ofTable.subList(1, times + 1)),
        median(ofCopy.subList(1, times + 1)),
        total(table.get(), "total-data-files"),
        total(copy.get(), "total-data-files"),
        total(copy.get(), "total-files-size"));
  }

  double ratio() {
    return (double) table.toNanos() / copy.toNanos();
  }

  double fileRatio() {
    return (double) tableFiles / copyFiles;
  }

  private static Catalog open(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
  }

  /** All live rows, in the order in which a scan gives them. */
  private static void copy(Table from, Catalog catalog) {
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("copies"));
    Table to =
        catalog
            .buildTable(COPY, from.schema())
            .withProperties(writing(from))
            .withProperty("format-version", Integer.toString(TableUtil.formatVersion(from)))
            .create();
    try (RollingDataWriter<Record> out = writer(to);
        CloseableIterable<Record> rows = IcebergGenerics.read(from).build()) {
      rows.forEach(out::write);
      out.close();
      AppendFiles append = to.newAppend();
      out.result().dataFiles().forEach(append::appendFile);
      append.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> writing(Table table) {
    return table.properties().entrySet().stream()
        .filter(property -> property.getKey().startsWith("write."))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  private static RollingDataWriter<Record> writer(Table table) {
    return new RollingDataWriter<>(
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build(),
        OutputFileFactory.builderFor(table, 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PARQUET)
            .build(),
        table.io(),
        ShapeSeries.TARGET_BYTES,
        table.spec(),
        null);
  }

  private static Duration scan(Supplier<Table> table) {
    long began = System.nanoTime();
    long count = 0;
    try (CloseableIterable<Record> rows = IcebergGenerics.read(table.get()).build()) {
      for (Record row : rows) {
        count += row.size() > 0 ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (count == 0) {
      throw new IllegalStateException("a table without rows");
    }
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private static Duration median(List<Duration> times) {
    return times.stream().sorted().toList().get(times.size() / 2);
  }

  private static long total(Table table, String figure) {
    return Long.parseLong(table.currentSnapshot().summary().get(figure));
  }
}
