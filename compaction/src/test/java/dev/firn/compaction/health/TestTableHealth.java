package dev.firn.compaction.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.firn.compaction.CompactionKeys;
import dev.firn.compaction.health.Finding.Kind;
import dev.firn.writer.Lake;
import dev.firn.writer.SummaryKeys;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables whose files are named and measured but were never written: none is to be opened. */
class TestTableHealth {
  private static final long MB = 1L << 20;
  private static final HealthSettings SETTINGS = new HealthSettings(100 * MB, Prices.DEFAULT);
  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.IntegerType.get()));

  @TempDir private Path folder;
  private Catalog catalog;

  @BeforeEach
  void openLake() {
    catalog = Lake.open("lake", Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("shop"));
  }

  @AfterEach
  void closeLake() throws IOException {
    try (Closeable closing = Lake.closing(catalog)) {
      assertThat(closing).isNotNull();
    }
  }

  private Table table(int formatVersion) {
    return catalog
        .buildTable(TableIdentifier.of("shop", "orders"), SCHEMA)
        .withProperty(TableProperties.FORMAT_VERSION, Integer.toString(formatVersion))
        .create();
  }

  private static DataFile data(Table table, long bytes, long rows) {
    return DataFiles.builder(table.spec())
        .withPath(table.location() + "/data/" + UUID.randomUUID() + ".parquet")
        .withFormat(FileFormat.PARQUET)
        .withFileSizeInBytes(bytes)
        .withRecordCount(rows)
        .build();
  }

  private static DeleteFile vector(Table table, DataFile of, long bytes, long rows) {
    return FileMetadata.deleteFileBuilder(table.spec())
        .ofPositionDeletes()
        .withPath(table.location() + "/data/" + UUID.randomUUID() + ".puffin")
        .withFormat(FileFormat.PUFFIN)
        .withReferencedDataFile(of.location())
        .withContentOffset(4)
        .withContentSizeInBytes(bytes)
        .withFileSizeInBytes(1_000_000)
        .withRecordCount(rows)
        .build();
  }

  private static DeleteFile equality(Table table, long bytes, long rows) {
    return FileMetadata.deleteFileBuilder(table.spec())
        .ofEqualityDeletes(1)
        .withPath(table.location() + "/data/" + UUID.randomUUID() + ".parquet")
        .withFormat(FileFormat.PARQUET)
        .withFileSizeInBytes(bytes)
        .withRecordCount(rows)
        .build();
  }

  private static DeleteFile positions(Table table, long bytes, long rows) {
    return FileMetadata.deleteFileBuilder(table.spec())
        .ofPositionDeletes()
        .withPath(table.location() + "/data/" + UUID.randomUUID() + ".parquet")
        .withFormat(FileFormat.PARQUET)
        .withFileSizeInBytes(bytes)
        .withRecordCount(rows)
        .build();
  }

  private static void append(Table table, Map<String, String> summary, DataFile... files) {
    AppendFiles append = table.newFastAppend();
    List.of(files).forEach(append::appendFile);
    summary.forEach(append::set);
    append.commit();
  }

  private static TableHealth look(Table table) {
    return look(table, Duration.ofSeconds(30));
  }

  private static TableHealth look(Table table, Duration after) {
    Snapshot current = table.currentSnapshot();
    Instant last = Instant.ofEpochMilli(current == null ? 0 : current.timestampMillis());
    return TableHealth.of(table, SETTINGS, last.plus(after));
  }

  @Test
  void filesAndDeletesAreCountedAsTheyAre() {
    Table table = table(3);
    DataFile large = data(table, 80 * MB, 1000);
    append(table, Map.of(), large, data(table, 10 * MB, 100));
    RowDelta delta = table.newRowDelta();
    delta.addDeletes(vector(table, large, 50, 200)).addDeletes(equality(table, 3 * MB, 7));
    delta.addRows(data(table, 75 * MB, 20)).addRows(data(table, 75 * MB - 1, 30)).commit();

    TableHealth health = look(table);

    assertThat(health.files())
        .isEqualTo(new TableHealth.Files(950, 1150, 4, 240 * MB - 1, 75 * MB, 2));
    assertThat(health.files().smallFileRatio()).isEqualTo(0.5);
    assertThat(health.files().deletedRowRatio()).isCloseTo(200 / 1150.0, within(1e-9));
    assertThat(health.deletes()).isEqualTo(new TableHealth.Deletes(200, 1, 50, 0, 0, 1, 7, 3 * MB));
  }

  @Test
  void metadataIsCountedAsItIs() throws IOException {
    Table table = table(3);
    append(table, Map.of(), data(table, MB, 1));
    append(table, Map.of(), data(table, MB, 1));
    long first = table.snapshots().iterator().next().snapshotId();
    table.manageSnapshots().createTag("kept", first).createTag("old", first).commit();
    table.manageSnapshots().setMaxRefAgeMs("old", 1000).commit();

    TableHealth.Metadata metadata = look(table).metadata();

    Path json = Path.of(URI.create(TableUtil.metadataFileLocation(table)).getPath());
    long manifests =
        table.currentSnapshot().allManifests(table.io()).stream().mapToLong(m -> m.length()).sum();
    assertThat(metadata)
        .isEqualTo(new TableHealth.Metadata(3, 2, manifests, 2, 2, Files.size(json)));
  }

  @Test
  void aFullScanIsComparedWithThatOfAFreshCopy() {
    Table table = table(3);
    append(table, Map.of(), data(table, 20 * MB, 100), data(table, 20 * MB, 100));
    DataFile third = data(table, 10 * MB, 50);
    append(table, Map.of(), third);
    table
        .newRowDelta()
        .addDeletes(equality(table, MB, 5))
        .addDeletes(vector(table, third, 10, 25))
        .commit();

    TableHealth health = look(table);

    // metadata.json, list, 3 manifests; files of 20, 20, 10 MB; a vector; 3 x 2 of equality deletes
    TableHealth.Scan scan = health.cost().fullScan();
    assertThat(scan.requests()).isEqualTo(1 + 1 + 3 + (4 + 4 + 3) + 1 + 6);
    assertThat(scan.bytes() - health.metadata().manifestBytes() - health.metadata().metadataBytes())
        .isEqualTo(50 * MB + 10 + 3 * MB);
    TableHealth.Scan fresh = health.cost().freshCopy();
    assertThat(fresh.dataFiles()).isEqualTo(1);
    assertThat(fresh.bytes()).isEqualTo(45 * MB);
    assertThat(fresh.requests()).isEqualTo(3 + 1 + 6);
    assertThat(health.cost().readRatio()).isEqualTo(scan.seconds() / fresh.seconds());
  }

  @Test
  void anEqualityDeleteCostsOnlyOlderFilesARead() {
    Table table = table(2);
    append(table, Map.of(), data(table, MB, 100));
    long before = look(table).cost().fullScan().requests();
    append(table, Map.of(), data(table, MB, 100));
    table.newRowDelta().addDeletes(equality(table, MB, 5)).commit();
    append(table, Map.of(), data(table, MB, 100));

    // two more data files with their manifests, one of deletes, and two reads of the delete file
    assertThat(look(table).cost().fullScan().requests() - before).isEqualTo(2 * 3 + 1 + 2 * 2);
  }

  /** Iceberg takes a vector away with its data file; position deletes of one file it leaves. */
  @Test
  void deletesOfFilesThatAreGoneHideNothing() {
    Table table = table(2);
    DataFile gone = data(table, MB, 100);
    append(table, Map.of(), gone, data(table, MB, 100));
    DeleteFile left =
        FileMetadata.deleteFileBuilder(table.spec())
            .copy(positions(table, 1000, 60))
            .withReferencedDataFile(gone.location())
            .build();
    table.newRowDelta().addDeletes(left).commit();
    assertThat(look(table).files().rows()).isEqualTo(140);
    table.newOverwrite().deleteFile(gone).commit();

    TableHealth health = look(table);

    assertThat(health.deletes().positionDeleteFiles()).isEqualTo(1);
    assertThat(health.files().rows()).isEqualTo(100);
    assertThat(health.files().deletedRowRatio()).isZero();
  }

  @Test
  void doublePositionDeletesHideNoMoreThanThereIs() {
    Table table = table(2);
    append(table, Map.of(), data(table, MB, 10_000));
    for (int i = 0; i < 10; i++) {
      table.newRowDelta().addDeletes(positions(table, 100, 2_000)).commit();
    }
    TableHealth health = look(table);
    assertThat(health.deletes().positionDeleteFiles()).isEqualTo(10);
    assertThat(health.deletes().positionDeleteBytes()).isEqualTo(1000);
    assertThat(health.files().rows()).isZero();
    assertThat(health.files().deletedRowRatio()).isEqualTo(1);
    assertThat(kinds(health)).containsExactly(Kind.DELETED_ROWS, Kind.POSITION_DELETES);
  }

  @Test
  void emptyTablesAreHealthy() {
    TableHealth health = TableHealth.of(table(3), SETTINGS, Instant.EPOCH);
    assertThat(health.files()).isEqualTo(new TableHealth.Files(0, 0, 0, 0, 0, 0));
    assertThat(health.activity().lastCommit()).isEmpty();
    assertThat(health.activity().lag()).isEmpty();
    assertThat(health.isHealthy()).isTrue();
  }

  @Test
  void lagIsTheSourcesWhereItIsKnown() {
    Table table = table(3);
    append(table, Map.of(), data(table, MB, 1));
    assertThat(look(table).activity().lag()).contains(Duration.ofSeconds(30));
    Snapshot first = table.currentSnapshot();
    Instant source = Instant.ofEpochMilli(first.timestampMillis()).minusSeconds(60);
    append(
        table,
        Map.of(SummaryKeys.PIPELINE, "shop", SummaryKeys.SOURCE_TIME_LAST, source.toString()),
        data(table, MB, 1));
    append(table, Map.of(CompactionKeys.WHY, "small files"));

    TableHealth.Activity activity =
        TableHealth.of(table, SETTINGS, source.plusSeconds(90)).activity();

    assertThat(activity.sourceTime()).contains(source);
    assertThat(activity.lag()).contains(Duration.ofSeconds(90));
  }

  @Test
  void lastCommitAndCompactionAreToldApart() {
    Table table = table(3);
    append(table, Map.of(SummaryKeys.PIPELINE, "shop"), data(table, MB, 1));
    assertThat(lastCommit(table).by()).isEqualTo(TableHealth.Committer.WRITER);
    assertThat(look(table).activity().lastCompaction()).isEmpty();
    append(table, Map.of(CompactionKeys.WHY, "small", SummaryKeys.COMMIT, "x"));
    long compaction = table.currentSnapshot().timestampMillis();
    assertThat(lastCommit(table).by()).isEqualTo(TableHealth.Committer.MAINTENANCE);
    append(table, Map.of("firn.retention.why", "old", SummaryKeys.COMMIT, "y"));
    assertThat(lastCommit(table).by()).isEqualTo(TableHealth.Committer.MAINTENANCE);
    append(table, Map.of(SummaryKeys.COMMIT, "z"));
    assertThat(lastCommit(table).by()).isEqualTo(TableHealth.Committer.WRITER);
    append(table, Map.of("engine-name", "spark"));
    assertThat(lastCommit(table).by()).isEqualTo(TableHealth.Committer.OTHER);
    assertThat(lastCommit(table).engine()).isEqualTo("spark");
    assertThat(look(table).activity().lastCompaction()).contains(Instant.ofEpochMilli(compaction));
  }

  private static TableHealth.Commit lastCommit(Table table) {
    return look(table).activity().lastCommit().orElseThrow();
  }

  @Test
  void rewritesOfOtherEnginesAreCompactionsToo() {
    Table table = table(3);
    DataFile small = data(table, MB, 1);
    append(table, Map.of(), small);
    table.newRewrite().deleteFile(small).addFile(data(table, MB, 1)).commit();
    assertThat(look(table).activity().lastCompaction())
        .contains(Instant.ofEpochMilli(table.currentSnapshot().timestampMillis()));
  }

  @Test
  void requestsOfTheWriterAreCountedAndPriced() {
    Table table = table(3);
    Map<String, String> writer = Map.of(SummaryKeys.PIPELINE, "shop");
    append(table, writer, data(table, MB, 1), data(table, MB, 1));
    append(table, writer, data(table, MB, 1));
    append(table, Map.of(CompactionKeys.WHY, "small"), data(table, MB, 1));
    append(table, writer, data(table, MB, 1));

    TableHealth health = look(table);

    // 4 data files, 3 manifests, and for each commit list and metadata.json; these two are read
    // after the compaction
    assertThat(health.activity().lastHour()).isEqualTo(new TableHealth.Requests(3, 13, 2));
    assertThat(health.cost().requestsPerMonth())
        .isCloseTo(730 * (13 * 0.005 + 2 * 0.0004) / 1000, within(1e-9));
    long kept = 5 * MB + health.metadata().manifestBytes() + health.metadata().metadataBytes();
    assertThat(health.cost().storagePerMonth()).isCloseTo(kept * 0.023 / (1 << 30), within(1e-9));
    assertThat(look(table, Duration.ofHours(2)).activity().lastHour())
        .isEqualTo(new TableHealth.Requests(0, 0, 0));
  }

  @Test
  void expiredCommitsOfTheHourCountAsWell() {
    Table table = table(3);
    for (int i = 0; i < 10; i++) {
      append(table, Map.of(SummaryKeys.PIPELINE, "shop"), data(table, MB, 1));
    }
    List<Snapshot> all = new ArrayList<>();
    table.snapshots().forEach(all::add);
    table.manageSnapshots().createTag("first", all.getFirst().snapshotId()).commit();
    all.subList(1, 9)
        .forEach(gone -> table.expireSnapshots().expireSnapshotId(gone.snapshotId()).commit());

    TableHealth health = look(table);

    assertThat(health.metadata().snapshots()).isEqualTo(2);
    assertThat(health.activity().lastHour()).isEqualTo(new TableHealth.Requests(10, 40, 0));
  }

  @Test
  void eachThingWrongIsFoundWithItsRemedy() {
    Table table = table(3);
    DataFile[] small = new DataFile[50];
    for (int i = 0; i < small.length; i++) {
      small[i] = data(table, MB, 1000);
    }
    append(table, Map.of(), small);
    assertThat(kinds(look(table))).containsExactly(Kind.SMALL_FILES);
    RowDelta delta = table.newRowDelta().addDeletes(equality(table, MB, 3));
    for (int i = 0; i < 10; i++) {
      delta.addDeletes(vector(table, small[i], 10, 1000));
    }
    delta.commit();

    TableHealth health = look(table, Duration.ofHours(30));

    assertThat(health.isHealthy()).isFalse();
    assertThat(kinds(health))
        .containsExactly(Kind.EQUALITY_DELETES, Kind.SMALL_FILES, Kind.DELETED_ROWS, Kind.QUIET);
    assertThat(health.findings().getFirst())
        .isEqualTo(
            new Finding(
                Kind.EQUALITY_DELETES,
                "1 equality delete files (3 keys) of another tool are read again for each older data file",
                "run ./firn compact"));
    assertThat(health.findings().get(1).what())
        .isEqualTo("50 of 50 data files are small; a fresh copy has 1");
    assertThat(health.findings().get(2).what())
        .isEqualTo("20 % of the rows in the data files are deleted");
  }

  @Test
  void aQuietTableIsHealthy() {
    Table table = table(3);
    append(table, Map.of(), data(table, MB, 10));
    TableHealth health = look(table, Duration.ofDays(3));
    assertThat(kinds(health)).containsExactly(Kind.QUIET);
    assertThat(health.isHealthy()).isTrue();
  }

  private static List<Kind> kinds(TableHealth health) {
    return health.findings().stream().map(Finding::kind).toList();
  }

  @Test
  void manySnapshotsAndLargeMetadataAreFound() {
    TableHealth.Files files = new TableHealth.Files(0, 0, 0, 0, 0, 0);
    TableHealth.Deletes deletes = new TableHealth.Deletes(0, 0, 0, 0, 0, 0, 0, 0);
    TableHealth.Scan scan = new TableHealth.Scan(0, 0, 1, 1);
    TableHealth health = look(table(3));
    List<Finding> found =
        Findings.of(
            files,
            deletes,
            new TableHealth.Metadata(3, 0, 0, 5001, 1, 11 * MB),
            health.activity(),
            new TableHealth.Cost(scan, scan, 0, 0),
            Instant.EPOCH);
    assertThat(found).extracting(Finding::kind).containsExactly(Kind.SNAPSHOTS, Kind.METADATA);
  }

  @Test
  void figuresEqualThoseOfAPlannedScan() {
    long seed = Long.getLong("firn.seed", 20261122);
    SplittableRandom random = new SplittableRandom(seed);
    Table table = table(3);
    List<DataFile> bare = new ArrayList<>();
    for (int round = 0; round < 25; round++) {
      RowDelta delta = table.newRowDelta();
      DataFile added = data(table, random.nextLong(1, 150 * MB), random.nextLong(50, 1000));
      delta.addRows(added);
      if (!bare.isEmpty() && random.nextInt(3) > 0) {
        DataFile of = bare.remove(random.nextInt(bare.size()));
        delta.addDeletes(vector(table, of, random.nextLong(1, 90), random.nextLong(1, 50)));
      }
      if (random.nextInt(4) == 0) {
        delta.addDeletes(equality(table, random.nextLong(1, 20 * MB), random.nextLong(1, 9)));
      }
      bare.add(added);
      delta.commit();
    }
    TableHealth health = look(table);
    Recount recount = Recount.of(table);
    assertThat(health.files()).as("seed %d", seed).isEqualTo(recount.files());
    assertThat(health.deletes()).as("seed %d", seed).isEqualTo(recount.deletes());
    assertThat(
            health.cost().fullScan().bytes()
                - health.metadata().manifestBytes()
                - health.metadata().metadataBytes())
        .as("seed %d", seed)
        .isEqualTo(recount.readBytes);
  }

  /** The same figures from the files that a reader is told to read. */
  private static final class Recount {
    private final List<Long> sizes = new ArrayList<>();
    private final Set<String> seen = new HashSet<>();
    private long rows;
    private long readBytes;
    private final long[] deletes = new long[8];

    static Recount of(Table table) {
      Recount recount = new Recount();
      try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
        tasks.forEach(recount::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      recount.sizes.sort(null);
      return recount;
    }

    private void add(FileScanTask task) {
      sizes.add(task.file().fileSizeInBytes());
      rows += task.file().recordCount();
      readBytes += task.file().fileSizeInBytes();
      task.deletes().forEach(this::add);
    }

    private void add(DeleteFile file) {
      boolean isEquality = file.content() == FileContent.EQUALITY_DELETES;
      readBytes += isEquality ? file.fileSizeInBytes() : file.contentSizeInBytes();
      if (seen.add(file.location())) {
        if (isEquality) {
          deletes[5]++;
          deletes[6] += file.recordCount();
          deletes[7] += file.fileSizeInBytes();
        } else {
          deletes[0] += file.recordCount();
          deletes[1]++;
          deletes[2] += file.contentSizeInBytes();
        }
      }
    }

    TableHealth.Files files() {
      int n = sizes.size();
      return new TableHealth.Files(
          rows - deletes[0],
          rows,
          n,
          sizes.stream().mapToLong(Long::longValue).sum(),
          (sizes.get((n - 1) / 2) + sizes.get(n / 2) + 1) / 2,
          sizes.stream().filter(bytes -> bytes < 75 * MB).count());
    }

    TableHealth.Deletes deletes() {
      return new TableHealth.Deletes(
          deletes[0],
          deletes[1],
          deletes[2],
          deletes[3],
          deletes[4],
          deletes[5],
          deletes[6],
          deletes[7]);
    }
  }

  @Test
  void metadataThatWasReplacedMeanwhileIsLookedAtAnew() {
    Table table = table(3);
    append(table, Map.of(), data(table, MB, 1));
    Table stale = catalog.loadTable(TableIdentifier.of("shop", "orders"));
    append(table, Map.of(), data(table, MB, 1));
    table.io().deleteFile(TableUtil.metadataFileLocation(stale));

    TableHealth health = look(stale);

    assertThat(health.metadata().metadataBytes()).isPositive();
    assertThat(health.files().dataFiles()).isEqualTo(2);
  }

  @Test
  void whatWasExpiredMeanwhileIsLookedAtAnew() {
    Table table = table(3);
    append(table, Map.of(), data(table, MB, 1));
    Table stale = catalog.loadTable(TableIdentifier.of("shop", "orders"));
    append(table, Map.of(), data(table, MB, 1));
    stale.io().deleteFile(stale.currentSnapshot().manifestListLocation());

    assertThat(TableHealth.of(stale, SETTINGS, Instant.now()).files().dataFiles()).isEqualTo(2);

    table.io().deleteFile(table.currentSnapshot().manifestListLocation());
    Table broken = catalog.loadTable(TableIdentifier.of("shop", "orders"));
    assertThatThrownBy(() -> TableHealth.of(broken, SETTINGS, Instant.now()))
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void manyFilesWithManyEqualityDeletesAreCountedSoon() {
    Table table = table(2);
    AppendFiles append = table.newFastAppend();
    for (int i = 0; i < 20_000; i++) {
      append.appendFile(data(table, MB, 10));
    }
    append.commit();
    RowDelta delta = table.newRowDelta();
    for (int i = 0; i < 30_000; i++) {
      delta.addDeletes(equality(table, 1000, 1));
    }
    delta.commit();
    long begin = System.nanoTime();

    TableHealth health = look(table);

    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    assertThat(health.files().dataFiles()).isEqualTo(20_000);
    assertThat(health.deletes().equalityDeleteFiles()).isEqualTo(30_000);
    assertThat(health.cost().fullScan().requests()).isGreaterThan(2L * 20_000 * 30_000);
  }
}
