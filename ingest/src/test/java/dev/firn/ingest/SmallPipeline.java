package dev.firn.ingest;

import static dev.firn.testing.CountedPosition.end;

import dev.firn.testing.CountedPosition;
import dev.firn.writer.Batch;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;

/** A pipeline of one table {@code (id, note)} in a lake of the given settings, without a source. */
final class SmallPipeline implements AutoCloseable {
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "note", Types.StringType.get()));

  final Catalog catalog;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Pipeline pipeline;
  private final RowTarget target;

  /** Takes the pipeline over; a new one begins with the rows 0 to 99. */
  SmallPipeline(Map<String, String> properties, boolean changelog) {
    SinkSettings settings = SinkSettings.parse(properties, 1L << 30);
    catalog = Lake.open(settings.catalogName(), settings.catalog());
    pipeline = Pipeline.takeOver(catalog, settings.pipeline(), CountedPosition::parse, threads);
    target = pipeline.open(new TableDefinition(ORDERS, SCHEMA, List.of("id"), changelog));
    if (pipeline.offset().isEmpty()) {
      InitialSnapshot snapshot = pipeline.initialSnapshot();
      for (int id = 0; id < 100; id++) {
        snapshot.add(ORDERS, row(id, "first"));
      }
      snapshot.publish(end(1));
    }
  }

  /** Changes row {@code at} and adds row {@code 1000 + at}. */
  CommittedBatch commit(int at) {
    CommittedBatch committed = commitVisibly(at);
    var unused = pipeline.settle();
    return committed;
  }

  /** The same; changelog and control table do not have it yet. */
  CommittedBatch commitVisibly(int at) {
    Batch batch = pipeline.newBatch();
    batch.add(
        new SourceTransaction(List.of(change(at, "again"), change(1000 + at, "new")), end(at)));
    return pipeline.commit(pipeline.prepare(batch));
  }

  /** What a reader sees. */
  static Map<Integer, String> rows(Catalog catalog) throws IOException {
    Map<Integer, String> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(catalog.loadTable(ORDERS)).build()) {
      read.forEach(row -> rows.put((Integer) row.getField("id"), (String) row.getField("note")));
    }
    return rows;
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

  @Override
  public void close() throws IOException {
    threads.shutdown();
    Lake.closing(catalog).close();
  }
}
