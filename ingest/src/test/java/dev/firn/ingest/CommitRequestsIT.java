package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import dev.firn.testing.FaultyS3;
import dev.firn.testing.S3Server;
import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.Position;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TransactionEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a batch asks of an S3 server, counted where the requests arrive. */
class CommitRequestsIT {
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "note", Types.StringType.get()));

  @TempDir private Path folder;
  private S3Server server;
  private FaultyS3 s3;
  private Catalog catalog;
  private ExecutorService threads;
  private Pipeline pipeline;
  private RowTarget target;

  private record Place(long at) implements Position {
    @Override
    public boolean contains(Position other) {
      return at >= ((Place) other).at;
    }

    @Override
    public String toString() {
      return Long.toString(at);
    }
  }

  @BeforeEach
  void start() throws IOException {
    Files.createDirectories(folder.resolve("lake"));
    server = S3Server.start(folder.resolve("s3"));
    s3 = FaultyS3.before(server);
    Map<String, String> properties = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    properties.putAll(s3.fileIo(server));
    properties.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    SinkSettings settings = SinkSettings.parse(properties, 1L << 30);
    catalog = Lake.open(settings.catalogName(), settings.catalog());
    threads = Executors.newCachedThreadPool();
    pipeline =
        Pipeline.takeOver(
            catalog, settings.pipeline(), text -> new Place(Long.parseLong(text)), threads);
  }

  @AfterEach
  void stop() throws IOException {
    threads.shutdown();
    Lake.closing(catalog).close();
    s3.close();
    server.close();
  }

  private void openTable(boolean changelog) {
    target = pipeline.open(new TableDefinition(ORDERS, SCHEMA, List.of("id"), changelog));
    InitialSnapshot snapshot = pipeline.initialSnapshot();
    for (int id = 0; id < 100; id++) {
      snapshot.add(ORDERS, row(id, "first"));
    }
    snapshot.publish(end(1));
  }

  /** Data file, vectors, manifests (one is written anew), manifest list, metadata.json. */
  @Test
  void commitOfATableAsksForWhatItWritesAlone() {
    openTable(false);
    assertThat(requestsOf("/shop/orders/")).containsExactlyEntriesOf(Map.of("PUT", 7L));
  }

  /** Data file, manifest, manifest list, metadata.json. */
  @Test
  void changelogIsAppendedToByFourRequests() {
    openTable(true);
    assertThat(requestsOf("/shop/orders_changelog/")).containsExactlyEntriesOf(Map.of("PUT", 4L));
  }

  /** Its one file, the manifests of the new and of the old, manifest list, metadata.json. */
  @Test
  void controlTableIsReplacedByFiveRequests() {
    openTable(false);
    assertThat(requestsOf("/firn/firn/")).containsExactlyEntriesOf(Map.of("PUT", 5L));
  }

  @Test
  void healthCountsWhatWasAsked() {
    openTable(false);
    commit(2);
    TableHealth before = health();
    long puts = requestsOf("/shop/orders/").getOrDefault("PUT", 0L);
    TableHealth after = health();
    assertThat(after.activity().lastHour().puts() - before.activity().lastHour().puts())
        .isEqualTo(2 * puts);
    assertThat(after.activity().lastHour().gets()).isZero();
  }

  private TableHealth health() {
    return TableHealth.of(
        catalog.loadTable(ORDERS), new HealthSettings(128L << 20, Prices.DEFAULT), Instant.now());
  }

  /** A commit after a first one, by the methods of the requests for one folder's files. */
  private Map<String, Long> requestsOf(String folder) {
    commit(10);
    var unused = s3.takeRequests();
    commit(11);
    return s3.takeRequests().stream()
        .filter(request -> request.target().contains(folder))
        .collect(Collectors.groupingBy(FaultyS3.Request::method, Collectors.counting()));
  }

  private void commit(long at) {
    Batch batch = pipeline.newBatch();
    batch.add(
        new SourceTransaction(
            List.of(change((int) at, "again"), change(1000 + (int) at, "new")), end(at)));
    var committed = pipeline.commit(pipeline.prepare(batch));
    assertThat(committed.tables()).hasSize(1);
    var unused = pipeline.settle();
  }

  private TableChange change(int id, String note) {
    Record row = row(id, note);
    return new TableChange(ORDERS, new RowChange.Update(target.keys().keyOf(row), row), 100);
  }

  private Record row(int id, String note) {
    Record row = GenericRecord.create(target.written());
    row.set(0, id);
    row.set(1, note);
    return row;
  }

  private static TransactionEnd end(long at) {
    return new TransactionEnd(
        "x" + at,
        new Place(at),
        Instant.ofEpochSecond(at),
        new SourceOffset("{}", "{\"at\":%d}".formatted(at)));
  }
}
