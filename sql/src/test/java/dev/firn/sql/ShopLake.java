package dev.firn.sql;

import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.Position;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.SummaryKeys;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TransactionEnd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * A lake of a small shop that Firn's writer has filled, always with the same rows.
 *
 * <p>Batch 1 is the initial snapshot. Batch 2: order 10 is paid, 13 placed, and, in a transaction
 * of its own, Ben moves to Basel. Batch 3: order 12 and Cleo are gone. Batch 4: order 10 is
 * shipped. Batch 5: order 12 comes back as another one, 13 is cancelled; then, in a transaction of
 * their own, the customers are truncated, Dora comes and orders 14.
 */
final class ShopLake {
  static final TableIdentifier CUSTOMERS = TableIdentifier.of("shop", "customers");
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final long BATCHES = 5;

  /** When the source committed what ends at position 0; a position is so many seconds later. */
  private static final Instant START = Instant.parse("2026-03-01T09:00:00Z");

  private static final Schema CUSTOMER =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()),
          Types.NestedField.optional(3, "city", Types.StringType.get()));
  private static final Schema ORDER =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "customer_id", Types.IntegerType.get()),
          Types.NestedField.optional(3, "status", Types.StringType.get()),
          Types.NestedField.optional(4, "total", Types.DecimalType.of(10, 2)));

  /** A place in a log that only counts. */
  private record Place(long at) implements Position {
    static Place parse(String text) {
      return new Place(Long.parseLong(text.substring(2), 16));
    }

    @Override
    public boolean contains(Position other) {
      return at >= ((Place) other).at;
    }

    @Override
    public String toString() {
      return "0/%X".formatted(at);
    }
  }

  private final Catalog catalog;
  private final Pipeline pipeline;
  private final RowTarget customers;
  private final RowTarget orders;

  private ShopLake(Path folder) {
    this.catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    this.pipeline =
        Pipeline.takeOver(
            catalog,
            new PipelineSettings("shop", Namespace.of("firn"), 3, Map.of(), 128L << 20),
            Place::parse,
            Runnable::run);
    this.customers = pipeline.open(new TableDefinition(CUSTOMERS, CUSTOMER, List.of("id")));
    this.orders = pipeline.open(new TableDefinition(ORDERS, ORDER, List.of("id")));
  }

  /** Fills a lake in an empty folder. */
  static ShopLake fill(Path folder) {
    ShopLake lake = new ShopLake(folder);
    lake.readInitialSnapshot();
    lake.commit(
        lake.transaction(
            0x1100, lake.update(10, 1, "paid", "20.00"), lake.insert(13, 1, "placed", "99.99")),
        lake.transaction(0x1200, lake.move(2, "Ben", "Basel")));
    lake.commit(lake.transaction(0x1300, lake.delete(12), lake.deleteCustomer(3)));
    lake.commit(lake.transaction(0x1400, lake.update(10, 1, "shipped", "20.00")));
    lake.commit(
        lake.transaction(
            0x1500, lake.insert(12, 2, "placed", "8.00"), lake.update(13, 1, "cancelled", "99.99")),
        lake.transaction(
            0x1600,
            change(CUSTOMERS, new RowChange.Truncate()),
            lake.newCustomer(4, "Dora", "Oslo"),
            lake.insert(14, 4, "placed", "5.00")));
    return lake;
  }

  private static BigDecimal money(String amount) {
    return new BigDecimal(amount);
  }

  private void readInitialSnapshot() {
    InitialSnapshot snapshot = pipeline.initialSnapshot();
    snapshot.add(CUSTOMERS, customer(1, "Ada", "London"));
    snapshot.add(CUSTOMERS, customer(2, "Ben", "Bern"));
    snapshot.add(CUSTOMERS, customer(3, "Cleo", "Rome"));
    snapshot.add(ORDERS, order(10, 1, "placed", "20.00"));
    snapshot.add(ORDERS, order(11, 2, "placed", "35.50"));
    snapshot.add(ORDERS, order(12, 3, "paid", "7.25"));
    snapshot.publish(end(0x1000));
  }

  /**
   * What Iceberg's own reader sees in the snapshot of a batch: values separated by a bar, sorted.
   */
  List<String> rows(TableIdentifier name, long batch) {
    List<String> rows = new ArrayList<>();
    int width = table(name).schema().columns().size();
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(table(name)).useSnapshot(snapshot(name, batch)).build()) {
      for (Record row : read) {
        rows.add(
            IntStream.range(0, width)
                .mapToObj(i -> String.valueOf(row.get(i)))
                .collect(Collectors.joining("|")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows.sort(null);
    return rows;
  }

  private Table table(TableIdentifier name) {
    return catalog.loadTable(name);
  }

  /** The snapshot of a table that shows a batch: its newest up to that one. */
  long snapshot(TableIdentifier name, long batch) {
    return SnapshotUtil.ancestorIds(table(name).currentSnapshot(), table(name)::snapshot).stream()
        .filter(id -> batchOf(table(name).snapshot(id)) <= batch)
        .findFirst()
        .orElseThrow();
  }

  /** When a snapshot became visible. */
  Instant visibleAt(TableIdentifier name, long snapshot) {
    return Instant.ofEpochMilli(table(name).snapshot(snapshot).timestampMillis());
  }

  private static long batchOf(Snapshot snapshot) {
    return Long.parseLong(snapshot.summary().get(SummaryKeys.BATCH));
  }

  static Instant sourceTime(long position) {
    return START.plusSeconds(position);
  }

  private void commit(SourceTransaction... transactions) {
    Batch batch = pipeline.newBatch();
    for (SourceTransaction transaction : transactions) {
      batch.add(transaction);
    }
    pipeline.commit(pipeline.prepare(batch));
    var unused = pipeline.settle();
  }

  private SourceTransaction transaction(long position, TableChange... changes) {
    return new SourceTransaction(List.of(changes), end(position));
  }

  private static TransactionEnd end(long position) {
    return new TransactionEnd(
        Long.toString(position),
        new Place(position),
        sourceTime(position),
        new SourceOffset("{}", "{\"lsn\":%d}".formatted(position)));
  }

  private TableChange insert(long id, int customer, String status, String total) {
    Record row = order(id, customer, status, total);
    return change(ORDERS, new RowChange.Insert(orders.keys().keyOf(row), row));
  }

  private TableChange update(long id, int customer, String status, String total) {
    Record row = order(id, customer, status, total);
    RowKey key = orders.keys().keyOf(row);
    return change(ORDERS, new RowChange.Update(key, row));
  }

  private TableChange delete(long id) {
    Record key = GenericRecord.create(orders.written());
    key.set(0, id);
    return change(ORDERS, new RowChange.Delete(orders.keys().keyOf(key), key));
  }

  private TableChange move(int id, String name, String city) {
    Record row = customer(id, name, city);
    RowKey key = customers.keys().keyOf(row);
    return change(CUSTOMERS, new RowChange.Update(key, row));
  }

  private TableChange newCustomer(int id, String name, String city) {
    Record row = customer(id, name, city);
    return change(CUSTOMERS, new RowChange.Insert(customers.keys().keyOf(row), row));
  }

  private TableChange deleteCustomer(int id) {
    Record key = GenericRecord.create(customers.written());
    key.set(0, id);
    return change(CUSTOMERS, new RowChange.Delete(customers.keys().keyOf(key), key));
  }

  private static TableChange change(TableIdentifier table, RowChange change) {
    return new TableChange(table, change, 100);
  }

  private Record customer(int id, String name, String city) {
    Record row = GenericRecord.create(customers.written());
    row.set(0, id);
    row.set(1, name);
    row.set(2, city);
    return row;
  }

  private Record order(long id, int customer, String status, String total) {
    Record row = GenericRecord.create(orders.written());
    row.set(0, id);
    row.set(1, customer);
    row.set(2, status);
    row.set(3, money(total));
    return row;
  }
}
