package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.CountedPosition;
import dev.firn.writer.LakeTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tables of every shape and type, of both format versions, are the same in Trino, in Spark and in
 * Iceberg's own reader while Firn's writer goes on, and hold what was written. The lake is behind a
 * REST catalog, with its files on S3; the other tests of this folder ask about embedded ones.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class EnginesIT {
  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final int ROUNDS = 2;
  private static final Set<Shape> SPARK_DOES_NOT_READ = Set.of(Shape.TIMED, Shape.NANOSECONDS);

  private final long seed = System.nanoTime();
  private final List<LiveShapes> writers = new ArrayList<>();
  private LakeOnS3 lake;
  private Catalog catalog;
  private TrinoLake trino;
  private Engine spark;

  @BeforeAll
  void start(@TempDir Path folder) {
    Optional<Path> forTrino = Trino.findJava();
    assumeTrue(forTrino.isPresent(), Trino.NO_JDK);
    Optional<Path> forSpark = Spark.findJava();
    assumeTrue(forSpark.isPresent(), Spark.NO_JDK);
    System.out.println("seed " + seed);
    lake = LakeOnS3.start(folder);
    catalog = lake.catalog();
    writers.add(LiveShapes.create(catalog, "v2", 2, seed));
    writers.add(LiveShapes.create(catalog, "v3", 3, seed));
    trino = TrinoLake.open(forTrino.orElseThrow(), lake.file(), folder);
    spark = Spark.open(forSpark.orElseThrow(), lake.file(), folder);
    writers.forEach(writer -> writer.write(PAUSE));
  }

  @AfterAll
  void stop() throws Exception {
    for (LiveShapes writer : writers) {
      writer.stop();
      writer.close();
    }
    if (trino != null) {
      trino.close();
    }
    if (lake != null) {
      lake.close();
    }
  }

  @Test
  void snapshotsReadTheSameWhileTheWriterCommits() {
    for (int round = 0; round < ROUNDS; round++) {
      long before = batches();
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      do {
        for (ShapedTable table : tables()) {
          compare(table, catalog.loadTable(table.name()).currentSnapshot());
        }
        assertThat(writers).allMatch(LiveShapes::writes);
        assertThat(System.nanoTime()).as("a batch within " + PATIENCE).isLessThan(deadline);
      } while (batches() == before);
    }
    for (ShapedTable table : tables()) {
      compare(table, catalog.loadTable(table.name()).snapshot(LakeTables.BASELINE));
    }
    assertThat(writers).allMatch(LiveShapes::writes);
  }

  /** Without time travel: whichever state a reader meets, it is one that was committed. */
  @Test
  void presentIsAStateOfTheSource() {
    for (ShapedTable table : tables()) {
      for (Engine engine : engines(table)) {
        long before = present(table).at();
        Answer read = engine.ask("SELECT * FROM lake." + table.name());
        int width = read.columns().size();
        List<String> lines = read.sortedLines();
        assertThat(LongStream.rangeClosed(before, present(table).at()))
            .as("%s: %s between %d and now (seed %d)", name(engine), table.name(), before, seed)
            .anyMatch(at -> table.expected(new CountedPosition(at), width).equals(lines));
      }
    }
  }

  @Test
  void changelogsReadTheSame() {
    for (ShapedTable table : tables()) {
      Table changelog = catalog.loadTable(table.changelog());
      long id = changelog.currentSnapshot().snapshotId();
      List<String> expected = read(changelog, id);
      assertThat(expected).isNotEmpty();
      for (Engine engine : engines(table)) {
        assertThat(at(engine, table.changelog(), id))
            .as("%s: %s at %d (seed %d)", name(engine), table.changelog(), id, seed)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void sparkRefusesTypesThatItDoesNotHave() {
    assertThatThrownBy(() -> spark.ask("SELECT id FROM lake.v3.nanoseconds"))
        .isInstanceOf(Engine.Refused.class)
        .hasMessageContaining("Cannot convert unsupported type to Spark: timestamp_ns");
    assertThatThrownBy(() -> spark.ask("SELECT id FROM lake.v3.timed"))
        .isInstanceOf(Engine.Refused.class)
        .hasMessageContaining("Spark does not support time fields");
  }

  @Test
  void sparkReadsGeometriesOnceTheyAreEnabledAndTrinoWithItsPlugin() throws IOException {
    TableIdentifier name = TableIdentifier.of("v3", "shapes");
    Schema schema =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.optional(2, "shape", Types.GeometryType.crs84()));
    Table table = catalog.buildTable(name, schema).withProperty("format-version", "3").create();
    String point = "0101000000000000000000F03F0000000000000040";
    append(table, 1, ByteBuffer.wrap(HexFormat.of().parseHex(point)));
    assertThat(spark.ask("SET spark.sql.geospatial.enabled=true").sortedLines()).hasSize(1);
    assertThat(spark.ask("SELECT id, hex(st_asbinary(shape)) FROM lake.v3.shapes").sortedLines())
        .containsExactly("1|" + point);
    assertThatThrownBy(() -> trino.ask("SELECT id FROM lake.v3.shapes"))
        .isInstanceOf(Engine.Refused.class)
        .hasMessageContaining("Unknown type: Geometry");
  }

  private static void append(Table table, Object... values) throws IOException {
    Record row = GenericRecord.create(table.schema());
    for (int i = 0; i < values.length; i++) {
      row.set(i, values[i]);
    }
    DataWriter<Record> file =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(
                    table.io().newOutputFile(table.location() + "/data/appended.parquet")),
                table.spec(),
                null);
    try (file) {
      file.write(row);
    }
    table.newAppend().appendFile(file.toDataFile()).commit();
  }

  /**
   * Else the other tests would show less than they say. After them: the first batches may truncate
   * a table before a row of it is deleted.
   */
  @Test
  @Order(Integer.MAX_VALUE)
  void tablesHaveTheShapesThatAreCompared() throws IOException {
    assertThat(deletes("v2", Shape.KEYED)).containsOnly(FileFormat.PARQUET);
    assertThat(deletes("v3", Shape.KEYED)).containsOnly(FileFormat.PUFFIN);
    assertThat(deletes("v2", Shape.KEYLESS)).containsOnly(FileFormat.PARQUET);
    assertThat(deletes("v3", Shape.PARTITIONED)).containsOnly(FileFormat.PUFFIN);
    Table partitioned = catalog.loadTable(TableIdentifier.of("v3", "partitioned"));
    assertThat(partitioned.snapshots())
        .extracting(one -> one.summary().get(SnapshotSummary.CHANGED_PARTITION_COUNT_PROP))
        .contains("3");
  }

  /** What the files that say which rows are deleted are made of, in all snapshots. */
  private Set<FileFormat> deletes(String schema, Shape shape) throws IOException {
    Table table = catalog.loadTable(TableIdentifier.of(schema, shape.name()));
    Set<FileFormat> formats = EnumSet.noneOf(FileFormat.class);
    for (Snapshot snapshot : table.snapshots()) {
      try (CloseableIterable<FileScanTask> tasks =
          table.newScan().useSnapshot(snapshot.snapshotId()).planFiles()) {
        tasks.forEach(task -> task.deletes().forEach(file -> formats.add(file.format())));
      }
    }
    return formats;
  }

  private List<ShapedTable> tables() {
    return writers.stream().flatMap(writer -> writer.tables().stream()).toList();
  }

  private long batches() {
    return writers.stream().mapToLong(LiveShapes::batches).min().orElseThrow();
  }

  /** Those that can read it. */
  private List<Engine> engines(ShapedTable table) {
    return SPARK_DOES_NOT_READ.contains(table.shape()) ? List.of(trino) : List.of(trino, spark);
  }

  private String name(Engine engine) {
    return engine.equals(trino) ? "Trino" : "Spark";
  }

  private CountedPosition present(ShapedTable table) {
    Table loaded = catalog.loadTable(table.name());
    return CountedPosition.of(loaded, loaded.currentSnapshot()).orElseThrow();
  }

  private void compare(ShapedTable table, Snapshot snapshot) {
    Table loaded = catalog.loadTable(table.name());
    long id = snapshot.snapshotId();
    int width = SnapshotUtil.schemaFor(loaded, id).columns().size();
    List<String> expected =
        table.expected(CountedPosition.of(loaded, snapshot).orElseThrow(), width);
    String what = "%s at %d (seed %d)".formatted(table.name(), id, seed);
    assertThat(read(loaded, id)).as("Iceberg: " + what).isEqualTo(expected);
    for (Engine engine : engines(table)) {
      assertThat(at(engine, table.name(), id)).as("%s: %s", name(engine), what).isEqualTo(expected);
    }
  }

  private static List<String> at(Engine engine, TableIdentifier table, long snapshot) {
    return engine
        .ask("SELECT * FROM lake.%s FOR VERSION AS OF %d".formatted(table, snapshot))
        .sortedLines();
  }

  /** What Iceberg's own reader finds. */
  private static List<String> read(Table table, long snapshot) {
    List<String> lines = new ArrayList<>();
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table).useSnapshot(snapshot).build()) {
      // The reader adds columns of its own behind these.
      int width = SnapshotUtil.schemaFor(table, snapshot).columns().size();
      rows.forEach(row -> lines.add(line(row, width)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    lines.sort(null);
    return lines;
  }

  private static String line(Record row, int width) {
    return IntStream.range(0, width)
        .mapToObj(i -> Values.text(row.get(i)))
        .collect(Collectors.joining("|"));
  }
}
