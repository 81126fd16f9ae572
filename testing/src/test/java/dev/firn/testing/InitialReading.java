package dev.firn.testing;

import static dev.firn.testing.CountedPosition.end;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** A lake in memory with a table of orders, one of customers and an empty one, and its readers. */
final class InitialReading {
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final TableIdentifier CUSTOMERS = TableIdentifier.of("shop", "customers");
  static final TableIdentifier NOTHING = TableIdentifier.of("shop", "nothing");
  static final List<TableIdentifier> TABLES = List.of(CUSTOMERS, NOTHING, ORDERS);
  static final String BRANCH = "firn_snapshot";

  private static final Namespace CONTROL = Namespace.of("control");
  private static final int ROWS_PER_APPEND = 4;
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()));

  private final MemoryStorage storage = new MemoryStorage();
  private final PipelineSettings settings;

  /** A process that has taken the pipeline over. */
  record Writer(Pipeline pipeline, Map<TableIdentifier, RowTarget> targets) {

    /** Reads the source's rows, which are those of two tables, and publishes them. */
    void read(List<String> rows) {
      InitialSnapshot reading = pipeline.initialSnapshot();
      for (int i = 0; i < rows.size(); i++) {
        add(reading, rows.subList(i, i + 1));
        if (i % ROWS_PER_APPEND == ROWS_PER_APPEND - 1) {
          reading.append();
        }
      }
      reading.publish(end(1));
    }

    void add(InitialSnapshot reading, List<String> rows) {
      for (String row : rows) {
        add(reading, ORDERS, row);
        add(reading, CUSTOMERS, row);
      }
    }

    void add(InitialSnapshot reading, TableIdentifier table, String row) {
      reading.add(table, record(table, row));
    }

    private Record record(TableIdentifier table, String row) {
      Record record = GenericRecord.create(requireNonNull(targets.get(table)).written());
      record.set(0, id(row));
      record.set(1, row.substring(row.indexOf(':') + 1));
      return record;
    }

    private TableChange update(TableIdentifier table, int id) {
      Record record = record(table, id + ":updated");
      return new TableChange(
          table,
          new RowChange.Update(requireNonNull(targets.get(table)).keys().keyOf(record), record),
          100);
    }
  }

  InitialReading() {
    this(128L << 20);
  }

  InitialReading(long targetFileBytes) {
    this.settings =
        new PipelineSettings(
            "tried",
            CONTROL,
            3,
            Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "2"),
            targetFileBytes);
  }

  MemoryStorage storage() {
    return storage;
  }

  Writer start(Faults faults) {
    return start(faults, TABLES);
  }

  Writer start(Faults faults, List<TableIdentifier> tables) {
    Pipeline pipeline =
        Pipeline.takeOver(
            new FaultyCatalog(storage, faults, CONTROL),
            settings,
            CountedPosition::parse,
            Runnable::run);
    Map<TableIdentifier, RowTarget> targets = new LinkedHashMap<>();
    tables.forEach(table ->
        targets.put(table, pipeline.open(new TableDefinition(table, SCHEMA, List.of("id")))));
    return new Writer(pipeline, targets);
  }

  void read(Faults faults, List<String> rows) {
    start(faults).read(rows);
  }

  boolean isComplete() {
    return start(Faults.none()).pipeline().offset().isPresent();
  }

  /** Lets the next start read the source again. */
  void forget() {
    catalog().dropTable(TableIdentifier.of(CONTROL, settings.name()), false);
  }

  private FaultyCatalog catalog() {
    return new FaultyCatalog(storage, Faults.none(), CONTROL);
  }

  Table load(TableIdentifier table) {
    return catalog().loadTable(table);
  }

  /** Main's newest snapshot in each table. */
  Map<TableIdentifier, Long> mains() {
    Map<TableIdentifier, Long> mains = new HashMap<>();
    TABLES.forEach(table -> mains.put(table, load(table).currentSnapshot().snapshotId()));
    return mains;
  }

  List<String> rows(TableIdentifier table, String branch) {
    Table loaded = load(table);
    return rows(loaded, loaded.snapshot(branch));
  }

  int files(TableIdentifier table, String branch) {
    return Integer.parseInt(load(table).snapshot(branch).summary().get("total-data-files"));
  }

  private static List<String> rows(Table table, @Nullable Snapshot snapshot) {
    List<String> rows = new ArrayList<>();
    if (snapshot != null) {
      read(table, snapshot, table.schema())
          .forEach(row -> rows.add("%s:%s".formatted(row.get(0), row.get(1))));
      rows.sort(java.util.Comparator.comparingInt(InitialReading::id));
    }
    return rows;
  }

  private static int id(String row) {
    return Integer.parseInt(row.substring(0, row.indexOf(':')));
  }

  private static List<Record> read(Table table, Snapshot snapshot, Schema columns) {
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(table).useSnapshot(snapshot.snapshotId()).project(columns).build()) {
      List<Record> rows = new ArrayList<>();
      read.forEach(rows::add);
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What readers of main have seen of a table, ever. */
  List<List<String>> everSeen(TableIdentifier name) {
    if (!catalog().tableExists(name)) {
      return List.of();
    }
    Table table = load(name);
    return table.history().stream()
        .map(entry -> rows(table, table.snapshot(entry.snapshotId())))
        .toList();
  }

  void requireOnlyWhole(List<List<String>> states) {
    assertThat(everSeen(ORDERS)).isSubsetOf(states);
    assertThat(everSeen(CUSTOMERS)).isSubsetOf(states);
    assertThat(everSeen(NOTHING)).allMatch(List::isEmpty);
  }

  void requireRows(List<String> rows) {
    assertThat(rows(ORDERS, "main")).isEqualTo(rows);
    assertThat(rows(CUSTOMERS, "main")).isEqualTo(rows);
    assertThat(rows(NOTHING, "main")).isEmpty();
  }

  void requireNoBranch() {
    TABLES.forEach(table -> assertThat(load(table).refs()).doesNotContainKey(BRANCH));
  }

  /** An update by a writer that starts keeps a row's id. */
  void requireRowsStayThemselves() {
    requireRowsStayThemselves(start(Faults.none()));
  }

  /** An update keeps a row's id. */
  void requireRowsStayThemselves(Writer writer) {
    Map<Integer, Long> before = rowIds();
    Batch batch = writer.pipeline().newBatch();
    List<TableChange> changes =
        before.keySet().stream().map(id -> writer.update(ORDERS, id)).toList();
    batch.add(new SourceTransaction(changes, end(10)));
    writer.pipeline().commit(writer.pipeline().prepare(batch));
    assertThat(rows(ORDERS, "main")).allMatch(row -> row.endsWith(":updated"));
    assertThat(rowIds()).isEqualTo(before);
  }

  private Map<Integer, Long> rowIds() {
    Table table = load(ORDERS);
    Map<Integer, Long> ids = new TreeMap<>();
    Schema columns = MetadataColumns.schemaWithRowLineage(SCHEMA);
    read(table, table.currentSnapshot(), columns)
        .forEach(row -> ids.put((Integer) row.get(0), (Long) row.getField("_row_id")));
    assertThat(Set.copyOf(ids.values())).hasSameSizeAs(ids.values());
    return ids;
  }
}
