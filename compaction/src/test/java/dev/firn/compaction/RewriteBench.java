package dev.firn.compaction;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.io.RollingDataWriter;

/**
 * How fast rows are rewritten, beside a plain copy by the same reader and writer: by the processor
 * time of the one thread that does it, in turns. Arguments: millions of rows, files, rounds.
 */
final class RewriteBench {
  private static final double NANOS = 1e9;

  private RewriteBench() {}

  public static void main(String[] arguments) throws IOException {
    int rows = (int) (1e6 * (arguments.length > 0 ? Double.parseDouble(arguments[0]) : 2));
    int files = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8;
    int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 4;
    Path folder = Files.createTempDirectory("firn-rewrite-bench");
    ForeignTable lake = ForeignTable.in(folder, 3, PartitionSpec.unpartitioned());
    lake.table().updateProperties().set("write.parquet.compression-level", "1").commit();
    for (int file = 0; file < files; file++) {
      List<Record> some = new ArrayList<>();
      for (int id = file * (rows / files); id < (file + 1) * (rows / files); id++) {
        some.add(ForeignTable.row(id, "name " + id * 7919L % 1_000_003, "region " + id % 50));
      }
      lake.append(some);
    }
    for (int round = 0; round < rounds; round++) {
      double copy = copy(lake.table());
      long began = cpuNanos();
      GroupRewrite rewrite = lake.rewriteAll();
      double rewritten = (cpuNanos() - began) / NANOS;
      rewrite.abandon();
      System.out.printf(
          Locale.ROOT,
          "copy %.2f M rows/s, rewrite %.2f M rows/s, %.2f of the copy%n",
          rows / copy / 1e6,
          rows / rewritten / 1e6,
          copy / rewritten);
    }
  }

  /** Of this thread: what others do on the machine does not count. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static double copy(Table table) throws IOException {
    Schema columns = DataFiles.columns(table);
    long began = cpuNanos();
    RollingDataWriter<Record> out =
        new RollingDataWriter<>(
            new GenericFileWriterFactory.Builder(table)
                .dataFileFormat(FileFormat.PARQUET)
                .dataSchema(columns)
                .build(),
            OutputFileFactory.builderFor(table, 1, 1)
                .operationId(UUID.randomUUID().toString())
                .format(FileFormat.PARQUET)
                .build(),
            table.io(),
            CompactionFixture.TARGET,
            table.spec(),
            null);
    for (PlannedFile file : CompactionFixture.group(table).files()) {
      try (CloseableIterable<Record> rows =
          DataFiles.rows(table, file.file(), file.spec(), columns)) {
        rows.forEach(out::write);
      }
    }
    out.close();
    double seconds = (cpuNanos() - began) / NANOS;
    DataFiles.delete(table, out.result().dataFiles());
    return seconds;
  }
}
