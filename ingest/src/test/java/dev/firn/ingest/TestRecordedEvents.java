package dev.firn.ingest;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.TransactionAssembler.Start;
import dev.firn.ingest.TransactionAssembler.Took;
import dev.firn.ingest.log.BinlogLog;
import dev.firn.ingest.log.MongoLog;
import dev.firn.ingest.log.OracleLog;
import dev.firn.ingest.log.PostgresLog;
import dev.firn.ingest.log.SourceLog;
import dev.firn.ingest.log.SqlServerLog;
import dev.firn.ingest.log.StoredOffsets;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.RowChange;
import dev.firn.writer.SetAside;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The records of every connector, through the assembler: whole transactions, each once. */
class TestRecordedEvents {
  /** What a connector has recorded, and the transactions that are in it, each by its rows' ids. */
  record Recorded(String name, SourceLog log, List<String> transactions) {
    List<SourceRecord> events() {
      return RecordedEvents.of(name);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Stream<Recorded> recorded() {
    return Stream.of(
        new Recorded("postgresql", new PostgresLog(), List.of("1 2", "3", "4 5")),
        new Recorded("mysql-gtid", BinlogLog.mySql(), List.of("1 2", "3", "4", "all", "5 6")),
        new Recorded("mysql-file", BinlogLog.mySql(), List.of("1 2", "3", "all", "4", "5 6")),
        new Recorded(
            "mariadb",
            BinlogLog.mariaDb(),
            List.of("1 2", "3", "1", "2", "4", "1", "all", "5", "6", "7")),
        new Recorded(
            "sqlserver", new SqlServerLog(), List.of("1 2", "3", "4 5", "101", "102", "6")),
        new Recorded("oracle", new OracleLog(), List.of("1 2", "3", "4", "5", "6 7", "8")),
        new Recorded(
            "mongodb", new MongoLog(), List.of("1", "2", "3 4", "5", "6 7", "8 9 10", "11")));
  }

  /** An assembler and what it has given on. */
  private static final class Run implements TransactionAssembler.Downstream {
    private final List<String> transactions = new ArrayList<>();
    private final List<TransactionEnd> ends = new ArrayList<>();
    private final List<Integer> endedAt = new ArrayList<>();
    private final List<Took> took = new ArrayList<>();
    private final TransactionAssembler assembler;
    private Optional<TransactionEnd> snapshot = Optional.empty();

    private @Nullable List<String> large;

    Run(SourceLog log, Optional<Start> start) {
      this(log, start, Long.MAX_VALUE);
    }

    Run(SourceLog log, Optional<Start> start, long largeBytes) {
      TableDecoder decoder = Events.decoder(List.of("id"));
      this.assembler =
          new TransactionAssembler(
              log, (event, source) -> Optional.of(decoder), this, largeBytes, start);
    }

    Run take(List<SourceRecord> events) throws InterruptedException {
      for (SourceRecord event : events) {
        took.add(assembler.accept(event));
      }
      return this;
    }

    @Override
    public void transaction(SourceTransaction transaction) {
      transactions.add(String.join(" ", transaction.changes().stream().map(Run::rowOf).toList()));
      ends.add(transaction.end());
      endedAt.add(took.size());
    }

    private static String rowOf(TableChange change) {
      return switch (change.change()) {
        case RowChange.Insert insert -> id(insert.row());
        case RowChange.Update update -> id(update.row());
        case RowChange.Delete delete -> id(delete.row());
        case RowChange.Truncate unused -> "all";
        case RowChange.Aside aside -> aside.what().reason();
      };
    }

    private static String id(Record row) {
      return String.valueOf(row.getField("id"));
    }

    @Override
    public void snapshotAside(TableIdentifier table, SetAside aside) {
      throw new AssertionError("no row of a snapshot was recorded");
    }

    @Override
    public void snapshotRow(TableIdentifier table, Record row) {
      throw new AssertionError("no row of a snapshot was recorded");
    }

    @Override
    public void snapshotEnd(TransactionEnd end) {
      snapshot = Optional.of(end);
    }

    @Override
    public void beginLarge() {
      assertThat(large).isNull();
      large = new ArrayList<>();
    }

    @Override
    public void large(TableChange change) {
      requireNonNull(large, "large is null").add(rowOf(change));
    }

    @Override
    public void endLarge(TransactionEnd end) {
      transactions.add(String.join(" ", requireNonNull(large, "large is null")));
      ends.add(end);
      large = null;
    }

    @Override
    public void abandonLarge() {
      requireNonNull(large, "large is null");
      large = null;
    }
  }

  private static Run all(Recorded recorded) throws InterruptedException {
    return new Run(recorded.log(), Optional.empty()).take(recorded.events());
  }

  private static Recorded recorded(String name) {
    return recorded().filter(recorded -> recorded.name().equals(name)).findFirst().orElseThrow();
  }

  /** Where a start finds the lake that has all up to an end, as the control table keeps it. */
  private static Optional<Start> stored(Recorded recorded, TransactionEnd end) {
    return Optional.of(new Start(recorded.log().parse(end.position().toString()), end.offset()));
  }

  private static Run replay(Recorded recorded, TransactionEnd end, List<SourceRecord> events)
      throws InterruptedException {
    return new Run(recorded.log(), stored(recorded, end)).take(events);
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void transactionsAreGivenOnWhole(Recorded recorded) throws Exception {
    Run run = all(recorded);
    assertThat(run.transactions).isEqualTo(recorded.transactions());
    assertThat(run.assembler.isBetween()).isTrue();
    assertThat(run.ends).allSatisfy(end -> assertThat(end.committedAt()).isAfter(Instant.EPOCH));
  }

  /** For each end: all of the log once more gives on what the lake does not have, and only that. */
  @ParameterizedTest
  @MethodSource("recorded")
  void replayOfTheWholeLogGivesOnWhatTheLakeLacks(Recorded recorded) throws Exception {
    Run run = all(recorded);
    for (int has = 0; has < run.ends.size(); has++) {
      assertThat(replay(recorded, run.ends.get(has), recorded.events()).transactions)
          .as("the lake has %d", has + 1)
          .isEqualTo(recorded.transactions().subList(has + 1, recorded.transactions().size()));
    }
  }

  /** For each end and each record: cut off there, and read again from the start by the same run. */
  @ParameterizedTest
  @MethodSource("recorded")
  void lostConnectionAtAnyRecordDoublesNothing(Recorded recorded) throws Exception {
    List<SourceRecord> events = recorded.events();
    for (int cut = 0; cut <= events.size(); cut++) {
      Run run = new Run(recorded.log(), Optional.empty()).take(events.subList(0, cut)).take(events);
      assertThat(run.transactions).as("cut at %d", cut).isEqualTo(recorded.transactions());
    }
  }

  /** A large one that is open makes those of other partitions wait. */
  @ParameterizedTest
  @MethodSource("recorded")
  void largeTransactionsAreGivenOnWholeAndOnce(Recorded recorded) throws Exception {
    List<SourceRecord> events = recorded.events();
    for (int cut = 0; cut <= events.size(); cut++) {
      Run run =
          new Run(recorded.log(), Optional.empty(), 0).take(events.subList(0, cut)).take(events);
      assertThat(run.transactions)
          .as("cut at %d", cut)
          .containsExactlyInAnyOrderElementsOf(recorded.transactions());
      for (int i = 1; i < run.ends.size(); i++) {
        assertThat(run.ends.get(i - 1).position().contains(run.ends.get(i).position())).isFalse();
      }
    }
  }

  /** What a start reads back is the very position, and holds exactly the transactions before. */
  @ParameterizedTest
  @MethodSource("recorded")
  void positionsAreTheirTexts(Recorded recorded) throws Exception {
    Run run = all(recorded);
    for (int i = 0; i < run.ends.size(); i++) {
      Position end = run.ends.get(i).position();
      Position read = recorded.log().parse(end.toString());
      assertThat(read).isEqualTo(end).hasSameHashCodeAs(end).hasToString(end.toString());
      for (int other = 0; other < run.ends.size(); other++) {
        assertThat(read.contains(run.ends.get(other).position())).isEqualTo(other <= i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void snapshotBeforeTheStreamHasNothingOfIt(Recorded recorded) throws Exception {
    Run run = all(recorded);
    TransactionEnd snapshot = run.snapshot.orElseThrow();
    Position read = recorded.log().parse(snapshot.position().toString());
    assertThat(run.ends).noneMatch(end -> read.contains(end.position()));
    assertThat(replay(recorded, snapshot, recorded.events()).transactions)
        .isEqualTo(recorded.transactions());
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void nothingMakesTheReaderSkipEventsOfATransaction(Recorded recorded) throws Exception {
    for (TransactionEnd end : all(recorded).ends) {
      assertThat(StoredOffsets.of(Optional.of(end.offset())).byPartition().values())
          .allSatisfy(offset ->
              assertThat(offset)
                  .doesNotContainKeys(
                      "event", "row", "transaction_id", "txSeq", "event_serial_no", "lsn_commit"));
    }
  }

  @Test
  void binaryLogResumesAfterTheTransactionThatItsEndDoesNotCount() throws Exception {
    assertThat(offsets("mysql-gtid"))
        .extracting(offset -> offset.get("gtids"))
        .last()
        .isEqualTo(
            "24da167f-0c0c-11e8-8442-00059a3c7b00:1-9,3e11fa47-71ca-11e1-9e33-c80aa9429562:1-2");
    // One a domain, as the server takes it.
    assertThat(offsets("mariadb"))
        .extracting(offset -> offset.get("gtids"))
        .startsWith("0-7-6", "0-7-7,3-9-1", "3-9-1,0-7-8")
        .endsWith("3-9-1,0-8-21", "3-9-1,0-7-22");
    assertThat(all(recorded("mariadb")).ends.getLast().position())
        .hasToString("0-7-22,0-8-21,3-9-1");
  }

  private static List<Map<String, Object>> offsets(String name) throws InterruptedException {
    return all(recorded(name)).ends.stream()
        .map(end -> StoredOffsets.of(Optional.of(end.offset())).byPartition())
        .map(partitions -> partitions.values().iterator().next())
        .toList();
  }

  /** The databases are read in turn; nobody says that it is the same turn the next time. */
  @Test
  void databasesMayBeReadInAnotherOrderTheNextTime() throws Exception {
    Recorded recorded = recorded("sqlserver");
    List<SourceRecord> otherOrder =
        Stream.concat(ofDatabase(recorded, "stock"), ofDatabase(recorded, "sales")).toList();
    Run run = all(recorded);
    for (int has = 0; has < run.ends.size(); has++) {
      assertThat(replay(recorded, run.ends.get(has), otherOrder).transactions)
          .containsExactlyInAnyOrderElementsOf(
              recorded.transactions().subList(has + 1, recorded.transactions().size()));
    }
  }

  private static Stream<SourceRecord> ofDatabase(Recorded recorded, String database) {
    return recorded.events().stream()
        .filter(event -> database.equals(event.sourcePartition().get("database")));
  }

  @Test
  void everyDatabaseHasItsOffset() throws Exception {
    TransactionEnd last = all(recorded("sqlserver")).ends.getLast();
    assertThat(last.position())
        .hasToString("[sales]00000027:00000ae0:0002[stock]00000027:00000220:0002");
    assertThat(StoredOffsets.of(Optional.of(last.offset())).byPartition())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                Map.of("server", "shop", "database", "sales"),
                Map.of("commit_lsn", "00000027:00000ae0:0002"),
                Map.of("server", "shop", "database", "stock"),
                Map.of("commit_lsn", "00000027:00000220:0002")));
  }

  /** None waits for the next transaction: with the records before that, all have been given on. */
  @Test
  void endsAreKnownBeforeTheNextTransaction() throws Exception {
    List<SourceRecord> sqlServer = recorded("sqlserver").events();
    // Of the same database: the second heartbeat at one place, or one farther on.
    assertThat(new Run(new SqlServerLog(), Optional.empty()).take(sqlServer.subList(0, 15)))
        .satisfies(run -> assertThat(run.transactions).last().isEqualTo("4 5"));
    List<SourceRecord> mongo = recorded("mongodb").events();
    assertThat(new Run(new MongoLog(), Optional.empty()).take(mongo.subList(0, 19)))
        .satisfies(run -> assertThat(run.transactions).last().isEqualTo("8 9 10"));
  }

  @Test
  void heartbeatBetweenTwoEventsEndsNothing() throws Exception {
    for (String name : List.of("sqlserver", "mongodb", "mysql-gtid")) {
      Run run = all(recorded(name));
      List<SourceRecord> events = recorded(name).events();
      for (int i = 1; i < events.size(); i++) {
        boolean isAfterEvent =
            events.get(i).sourceOffset().equals(events.get(i - 1).sourceOffset())
                && !isHeartbeat(events.get(i - 1));
        if (isHeartbeat(events.get(i)) && isAfterEvent) {
          assertThat(run.endedAt).as("%s, record %d", name, i).doesNotContain(i);
        }
      }
    }
  }

  private static boolean isHeartbeat(SourceRecord event) {
    return event.valueSchema() != null
        && String.valueOf(event.valueSchema().name()).endsWith("Heartbeat");
  }

  @Test
  void transactionWithoutGtidAfterThoseWithStops() throws Exception {
    Recorded recorded = recorded("mysql-gtid");
    TransactionEnd end = all(recorded).ends.getFirst();
    assertThatThrownBy(() -> replay(recorded, end, recorded("mysql-file").events()))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("has no GTID");
  }

  @Test
  void pipelineThatBeganWithPlacesStaysWithThem() throws Exception {
    Recorded recorded = recorded("mysql-file");
    Run run = all(recorded);
    Run later = replay(recorded, run.ends.getLast(), recorded("mysql-gtid").events());
    assertThat(later.transactions).isEmpty();
  }
}
