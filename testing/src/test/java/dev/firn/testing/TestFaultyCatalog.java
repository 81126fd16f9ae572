package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.ServiceFailureException;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TestFaultyCatalog {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.LongType.get()));

  private final MemoryStorage storage = new MemoryStorage();
  private final Faults faults = Faults.none();
  private final FaultyCatalog catalog = new FaultyCatalog(storage, faults, CONTROL);

  @BeforeEach
  void createTable() {
    FaultyCatalog other = other();
    other.createNamespace(Namespace.of("db"));
    Table unused =
        other.createTable(
            TABLE, SCHEMA, PartitionSpec.unpartitioned(), Map.of("commit.retry.min-wait-ms", "1"));
  }

  @Test
  void aRefusedSwapIsTriedAgainByIceberg() {
    Table table = catalog.loadTable(TABLE);
    faults.arm(FaultPoint.TABLE_COMMIT, FaultKind.CONFLICT, 0);

    table.newFastAppend().commit();

    assertThat(other().loadTable(TABLE).snapshots()).hasSize(1);
  }

  @Test
  void aRealRaceIsOneToo() {
    Table table = catalog.loadTable(TABLE);
    faults.pauseBefore(
        FaultPoint.TABLE_COMMIT, 0, () -> other().loadTable(TABLE).newFastAppend().commit());

    table.newFastAppend().commit();

    assertThat(other().loadTable(TABLE).snapshots()).hasSize(2);
  }

  @Test
  void aLostAnswerHidesACommitThatHappened() {
    Table table = catalog.loadTable(TABLE);
    faults.arm(FaultPoint.TABLE_COMMIT, FaultKind.LOST_ANSWER, 0);

    assertThatThrownBy(() -> table.newFastAppend().commit())
        .isInstanceOf(CommitStateUnknownException.class);

    assertThat(other().loadTable(TABLE).snapshots()).hasSize(1);
  }

  @Test
  void aFailureBeforeTheSwapLeavesTheTableAlone() {
    Table table = catalog.loadTable(TABLE);
    Map<TableIdentifier, String> before = storage.pointers();
    faults.arm(FaultPoint.TABLE_COMMIT, FaultKind.BEFORE, 0);

    assertThatThrownBy(() -> table.newFastAppend().commit())
        .isInstanceOf(ServiceFailureException.class);

    assertThat(storage.pointers()).isEqualTo(before);
  }

  @Test
  void aCrashLeavesWhatWasThereAndTheProcessDoesNothingMore() {
    Table table = catalog.loadTable(TABLE);
    faults.arm(FaultPoint.MANIFEST_LIST_CLOSE, FaultKind.CRASH_BEFORE, 0);
    List<String> before = storage.locations();

    assertThatThrownBy(() -> table.newFastAppend().commit()).isInstanceOf(SimulatedCrash.class);
    assertThatThrownBy(() -> catalog.loadTable(TABLE)).isInstanceOf(SimulatedCrash.class);

    assertThat(storage.locations()).isEqualTo(before);
    assertThat(other().loadTable(TABLE).currentSnapshot()).isNull();
  }

  @Test
  void controlTablesHaveFaultPointsOfTheirOwn() {
    FaultHits hits = new FaultHits();
    FaultyCatalog counting = new FaultyCatalog(storage, new Faults(hits), CONTROL);
    counting.createNamespace(CONTROL);

    Table table = counting.createTable(TableIdentifier.of(CONTROL, "c"), SCHEMA);
    table.newFastAppend().commit();

    assertThat(hits.passes(FaultPoint.CONTROL_CREATE)).isEqualTo(1);
    assertThat(hits.passes(FaultPoint.CONTROL_COMMIT)).isEqualTo(1);
    assertThat(hits.passes(FaultPoint.TABLE_COMMIT)).isZero();
  }

  @Test
  void aFileAppearsWhenItIsClosed() throws IOException {
    FaultyFileIO io = new FaultyFileIO(storage, faults);
    PositionOutputStream out = io.newOutputFile("memory://f").create();
    out.write("content".getBytes(StandardCharsets.UTF_8));

    assertThat(io.newInputFile("memory://f").exists()).isFalse();
    out.close();
    assertThat(io.newInputFile("memory://f").getLength()).isEqualTo(7);
  }

  @Test
  void filesAreListedWithTheTimesOfTheStoragesClock() throws IOException {
    FakeClock clock = new FakeClock(Instant.ofEpochSecond(1));
    FaultyFileIO io = new FaultyFileIO(new MemoryStorage(clock), faults);
    io.newOutputFile("memory://t/a").create().close();
    clock.advance(Duration.ofSeconds(2));
    io.newOutputFile("memory://t/b").create().close();
    io.newOutputFile("memory://u/c").create().close();

    assertThat(io.listPrefix("memory://t/"))
        .extracting(FileInfo::location, FileInfo::createdAtMillis)
        .containsExactly(tuple("memory://t/a", 1000L), tuple("memory://t/b", 3000L));
    io.deletePrefix("memory://t/");
    assertThat(io.listPrefix("memory://")).hasSize(1);
  }

  @Test
  void listingFailsAsReadingDoes() {
    FaultyFileIO io = new FaultyFileIO(storage, faults);
    faults.arm(FaultPoint.READ, FaultKind.BEFORE, 0);

    assertThatThrownBy(() -> io.listPrefix("memory://")).isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void aFailedCloseMayHaveMadeTheFile() {
    FaultyFileIO io = new FaultyFileIO(storage, faults);

    faults.arm(FaultPoint.DATA_FILE_CLOSE, FaultKind.BEFORE, 0);
    assertThatThrownBy(() -> io.newOutputFile("memory://a").create().close())
        .isInstanceOf(IOException.class);
    faults.arm(FaultPoint.DATA_FILE_CLOSE, FaultKind.AFTER, 0);
    assertThatThrownBy(() -> io.newOutputFile("memory://b").create().close())
        .isInstanceOf(IOException.class);

    assertThat(io.newInputFile("memory://a").exists()).isFalse();
    assertThat(io.newInputFile("memory://b").exists()).isTrue();
  }

  private FaultyCatalog other() {
    return new FaultyCatalog(storage, Faults.none(), CONTROL);
  }
}
