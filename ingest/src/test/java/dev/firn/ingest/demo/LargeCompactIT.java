package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.Application;
import dev.firn.ingest.BuiltApplication;
import dev.firn.ingest.SmallDisk;
import dev.firn.writer.HadoopDefaults;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.encryption.EncryptionKeyMetadata;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A table of many times the memory is compacted within it.
 *
 * <p>{@code -Dfirn.large.megabytes=5120 -Dfirn.large.heap=-Xmx512m} is the promised size.
 */
class LargeCompactIT {
  private static final int MEGABYTES = Integer.getInteger("firn.large.megabytes", 200);
  private static final String HEAP = System.getProperty("firn.large.heap", "-Xmx128m");

  /** A fifth of what is small. */
  private static final int FILE_MEGABYTES = 20;

  private static final int TARGET_MEGABYTES = 128;

  /** Random bytes, which no codec makes smaller. */
  private static final int ROW_BYTES = 500;

  private static final int ROWS_PER_FILE = (FILE_MEGABYTES << 20) / ROW_BYTES;
  private static final int DELETED_PER_FILE = ROWS_PER_FILE / 10;
  private static final int FILES = MEGABYTES / FILE_MEGABYTES;
  private static final Schema COLUMNS =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.required(2, "body", Types.BinaryType.get()));

  @TempDir private Path folder;

  @Test
  void isCompactedWithinTheMemory() throws IOException, InterruptedException {
    Path lake = folder.resolve("lake");
    Table table = written(lake);
    Application.Printed done = compact(lake);
    assertThat(done.exit()).as(done.text()).isZero();

    long live = (long) FILES * (ROWS_PER_FILE - DELETED_PER_FILE);
    JsonNode told = new ObjectMapper().readTree(Files.readString(json())).get(0);
    assertThat(told.get("rows").asLong()).isEqualTo(live);
    table.refresh();
    assertThat(table.currentSnapshot().summary()).containsEntry("total-delete-files", "0");
    assertThat(Integer.parseInt(table.currentSnapshot().summary().get("total-data-files")))
        .isLessThanOrEqualTo(2 + MEGABYTES / TARGET_MEGABYTES);
    long rows = 0;
    TreeSet<Long> wrong = new TreeSet<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).select("id").build()) {
      for (Record row : read) {
        long id = (Long) row.getField("id");
        rows++;
        if (id % ROWS_PER_FILE < DELETED_PER_FILE) {
          wrong.add(id);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(rows).isEqualTo(live);
  }

  @Test
  void whereSortedRowsHaveNoRoomOnTheDiskNothingIsCommitted()
      throws IOException, InterruptedException {
    Path lake = folder.resolve("lake");
    Table table = written(lake);
    table.replaceSortOrder().asc("body").commit();
    long before = table.currentSnapshot().snapshotId();
    try (SmallDisk disk = SmallDisk.mount(folder.resolve("tmp"), 16)) {
      Application.Printed done = compact(lake, "-Djava.io.tmpdir=" + disk.folder());
      assertThat(done.exit()).as(done.text()).isOne();
      assertThat(done.text())
          .contains(
              "the folder for temporary files does not take them: " + disk.folder(),
              "make room there, or name another one with -Djava.io.tmpdir")
          .doesNotContain("\tat ");
    }
    table.refresh();
    assertThat(table.currentSnapshot().snapshotId()).isEqualTo(before);
    try (Stream<Path> files = Files.walk(lake)) {
      assertThat(files).noneMatch(file -> file.toString().contains("compacted"));
    }
  }

  /** Small files, of each the first rows deleted. */
  private static Table written(Path lake) throws IOException {
    Files.createDirectory(lake);
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(lake));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("docs"));
    Table table =
        catalog
            .buildTable(TableIdentifier.of("docs", "documents"), COLUMNS)
            .withProperty("format-version", "3")
            .create();
    BaseDVFileWriter deletes =
        new BaseDVFileWriter(
            OutputFileFactory.builderFor(table, 1, 1).format(FileFormat.PUFFIN).build(),
            path -> null);
    AppendFiles append = table.newAppend();
    try (deletes) {
      for (int number = 0; number < FILES; number++) {
        DataFile file = file(table, number);
        append.appendFile(file);
        for (int row = 0; row < DELETED_PER_FILE; row++) {
          deletes.delete(file.location(), row, table.spec(), null);
        }
      }
    }
    append.commit();
    RowDelta delta = table.newRowDelta();
    deletes.result().deleteFiles().forEach(delta::addDeletes);
    delta.commit();
    return table;
  }

  private static DataFile file(Table table, int number) throws IOException {
    SplittableRandom random = new SplittableRandom(number);
    EncryptedOutputFile output =
        EncryptedFiles.encryptedOutput(
            table.io().newOutputFile("%s/data/%d.parquet".formatted(table.location(), number)),
            EncryptionKeyMetadata.EMPTY);
    DataWriter<Record> writer =
        HadoopDefaults.hiddenFrom(() ->
            new GenericFileWriterFactory.Builder(table)
                .dataFileFormat(FileFormat.PARQUET)
                .dataSchema(table.schema())
                .build()
                .newDataWriter(output, table.spec(), null));
    Record row = GenericRecord.create(COLUMNS);
    byte[] body = new byte[ROW_BYTES];
    try (writer) {
      for (int i = 0; i < ROWS_PER_FILE; i++) {
        random.nextBytes(body);
        row.set(0, (long) number * ROWS_PER_FILE + i);
        row.set(1, ByteBuffer.wrap(body));
        writer.write(row);
      }
    }
    return writer.toDataFile();
  }

  private Path json() {
    return folder.resolve("result.json");
  }

  private Application.Printed compact(Path lake, String... options)
      throws IOException, InterruptedException {
    Application.Printed done =
        Application.run(
            BuiltApplication.program().with(HEAP).with(options),
            "compact",
            "docs.documents",
            "--dir",
            lake.toString(),
            "--json",
            json().toString());
    System.out.print(done.text());
    return done;
  }
}
