package dev.firn.ingest;

import static dev.firn.ingest.Events.begin;
import static dev.firn.ingest.Events.end;
import static dev.firn.ingest.Events.heartbeat;
import static dev.firn.ingest.Events.insert;
import static dev.firn.ingest.Events.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.TransactionAssembler.Took;
import dev.firn.ingest.log.LsnPosition;
import dev.firn.ingest.log.PostgresLog;
import dev.firn.ingest.log.StoredOffsets;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKeys;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SetAside;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class TestTransactionAssembler {
  private static final long UNLIMITED = Long.MAX_VALUE;
  private static final SourceOffset OFFSET = new SourceOffset("{\"server\":\"p\"}", "{\"lsn\":10}");

  /** Writes down what it is told. */
  private static final class Told implements TransactionAssembler.Downstream {
    private final List<String> lines = new ArrayList<>();
    private final List<TableChange> changes = new ArrayList<>();

    @Override
    public void snapshotRow(TableIdentifier table, Record row) {
      lines.add("row " + row.get(0));
    }

    @Override
    public void snapshotAside(TableIdentifier table, SetAside aside) {
      lines.add("aside " + aside.reason());
    }

    @Override
    public void snapshotEnd(TransactionEnd end) {
      lines.add("snapshot up to " + end.position());
    }

    @Override
    public void transaction(SourceTransaction transaction) {
      changes.addAll(transaction.changes());
      lines.add(
          "%d changes up to %s"
              .formatted(transaction.changes().size(), transaction.end().position()));
    }

    @Override
    public void beginLarge() {
      lines.add("large");
    }

    @Override
    public void large(TableChange change) {
      lines.add("change");
    }

    @Override
    public void endLarge(TransactionEnd end) {
      lines.add("large up to " + end.position());
    }

    @Override
    public void abandonLarge() {
      lines.add("abandoned");
    }
  }

  private final Told told = new Told();
  private TransactionAssembler assembler = streaming(UNLIMITED);

  private TransactionAssembler streaming(long largeBytes) {
    return assembler(largeBytes, Optional.of(new LsnPosition(10)));
  }

  private TransactionAssembler assembler(long largeBytes, Optional<LsnPosition> position) {
    TableDecoder decoder = Events.decoder(List.of("id"));
    return new TransactionAssembler(
        new PostgresLog(),
        (event, source) -> Optional.of(decoder),
        told,
        largeBytes,
        position.map(at -> new TransactionAssembler.Start(at, OFFSET)));
  }

  private List<Took> accept(SourceRecord... events) throws InterruptedException {
    List<Took> took = new ArrayList<>();
    for (SourceRecord event : events) {
      took.add(assembler.accept(event));
    }
    return took;
  }

  @Test
  void transactionIsGivenOnWholeAtItsEnd() throws Exception {
    assertThat(accept(begin(1, 20), insert(21, 1), insert(22, 2))).containsOnly(Took.NOTHING);
    assertThat(told.lines).isEmpty();
    assertThat(accept(end(1, 0x2F))).containsExactly(Took.END);
    assertThat(told.lines).containsExactly("2 changes up to 0/2F");
  }

  @Test
  void endTellsTimeAndOffsetToResumeFrom() throws Exception {
    accept(begin(1, 20), insert(21, 1), end(1, 30));
    TransactionEnd end = assembler.lastEnd();
    assertThat(end.committedAt()).isEqualTo(Instant.ofEpochSecond(1));
    assertThat(StoredOffsets.of(Optional.of(end.offset())).byPartition())
        .containsExactly(
            Map.entry(Map.of("server", "p"), Map.of("lsn", 30L, "ts_usec", 1_000_000L)));
  }

  @Test
  void transactionSentAgainIsDropped() throws Exception {
    accept(begin(1, 20), insert(21, 1), end(1, 30), begin(2, 31), insert(32, 2));
    List<Took> again =
        accept(
            begin(1, 20),
            insert(21, 1),
            end(1, 30),
            begin(2, 31),
            insert(32, 2),
            insert(33, 3),
            end(2, 40));
    assertThat(again.get(2)).isEqualTo(Took.BETWEEN);
    assertThat(told.lines).containsExactly("1 changes up to 0/1E", "2 changes up to 0/28");
  }

  @Test
  void whatTheLakeHasIsDropped() throws Exception {
    accept(begin(1, 8), insert(9, 1), end(1, 10));
    assertThat(told.lines).isEmpty();
  }

  @Test
  void emptyTransactionOnlyMovesThePosition() throws Exception {
    assertThat(accept(begin(1, 20), end(1, 30))).containsExactly(Took.NOTHING, Took.BETWEEN);
    assertThat(told.lines).isEmpty();
    assertThat(assembler.position()).contains(new LsnPosition(30));
  }

  @Test
  void whatIsHeldBackGetsTheTablesNewColumns() throws Exception {
    accept(begin(1, 20), insert(21, 1));
    Schema wider =
        new Schema(
            Types.NestedField.required(1, "id", Types.LongType.get()),
            Types.NestedField.optional(2, "name", Types.StringType.get()),
            Types.NestedField.optional(3, "more", Types.StringType.get()));
    List<String> key = List.of("id");
    assembler.columnsChanged(
        new RowTarget(Events.TABLE, wider, wider, key, RowKeys.of(wider, key), () -> 0));
    accept(end(1, 30));
    Record row = ((RowChange.Insert) told.changes.getFirst().change()).row();
    assertThat(row.struct()).isEqualTo(wider.asStruct());
    assertThat(row.getField("id")).isEqualTo(1L);
    assertThat(row.getField("name")).isEqualTo("n");
  }

  @Test
  void heartbeatCountsOnlyBetweenTransactions() throws Exception {
    assertThat(accept(heartbeat(11), begin(1, 20), heartbeat(21), end(1, 30), heartbeat(31)))
        .containsExactly(Took.BETWEEN, Took.NOTHING, Took.NOTHING, Took.BETWEEN, Took.BETWEEN);
  }

  @Test
  void largeTransactionStreams() throws Exception {
    assembler = streaming(200);
    accept(begin(1, 20), insert(21, 1), insert(22, 2), insert(23, 3), end(1, 30));
    assertThat(told.lines).startsWith("large", "change").endsWith("large up to 0/1E");
    assertThat(told.lines).filteredOn("change"::equals).hasSize(3);
  }

  @Test
  void largeTransactionWhoseEndNeverCameIsAbandoned() throws Exception {
    assembler = streaming(1);
    accept(begin(1, 20), insert(21, 1), begin(1, 20), insert(21, 1), end(1, 30));
    assertThat(told.lines)
        .containsExactly("large", "change", "abandoned", "large", "change", "large up to 0/1E");
  }

  @Test
  void initialSnapshotEndsJustBeforeItsPlace() throws Exception {
    assembler = assembler(UNLIMITED, Optional.empty());
    assertThat(accept(read(16, "first", 1), read(16, "true", 2), read(16, "last", 3)))
        .containsExactly(Took.NOTHING, Took.NOTHING, Took.END);
    assertThat(told.lines).containsExactly("row 1", "row 2", "row 3", "snapshot up to 0/F");
  }

  @Test
  void initialSnapshotWithoutRowsEndsWithTheFirstStreamedRecord() throws Exception {
    assembler = assembler(UNLIMITED, Optional.empty());
    accept(begin(1, 20), insert(21, 1), end(1, 30));
    assertThat(told.lines).containsExactly("snapshot up to 0/13", "1 changes up to 0/1E");
  }

  @Test
  void initialSnapshotWithoutRowsEndsWithAHeartbeat() throws Exception {
    assembler = assembler(UNLIMITED, Optional.empty());
    assertThat(accept(heartbeat(20))).containsExactly(Took.END);
  }

  @Test
  void initialSnapshotThatBeginsAgainStops() throws Exception {
    assembler = assembler(UNLIMITED, Optional.empty());
    accept(read(16, "first", 1));
    assertThatThrownBy(() -> accept(read(17, "first", 1)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("a second time");
  }

  @Test
  void changeOutsideATransactionStops() {
    assertThatThrownBy(() -> accept(insert(20, 1)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("provide.transaction.metadata");
  }

  @Test
  void endWithoutItsBeginStops() {
    assertThatThrownBy(() -> accept(end(1, 20))).isInstanceOf(PipelineException.class);
  }

  @Test
  void incrementalSnapshotStops() {
    assertThatThrownBy(() -> accept(read(20, "incremental", 1)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("incremental");
  }
}
