package dev.firn.testing;

import static dev.firn.testing.CountedPosition.end;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.Batch;
import dev.firn.writer.ColumnChanges;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commits that give a table and its changelog other columns fail in every way. */
class TestColumnChangeFaults {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final TableIdentifier CHANGELOG = TableIdentifier.of("db", "t_changelog");
  private static final List<String> COLUMNS = List.of("id", "n", "size");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "n", Types.FloatType.get()));
  private static final ColumnChanges CHANGES =
      new ColumnChanges(
          List.of(new ColumnChanges.NewColumn("size", Types.IntegerType.get(), null)),
          Map.of("id", Types.LongType.get(), "n", Types.DoubleType.get()),
          Set.of("id", "n", "size"));

  private final MemoryStorage storage = new MemoryStorage();
  private final Faults faults = Faults.none();

  /** A process of the pipeline. */
  private final class Writer {
    private final Pipeline pipeline;
    private RowTarget target;

    Writer(Faults faults) {
      FaultyCatalog catalog = new FaultyCatalog(storage, faults, CONTROL);
      pipeline =
          Pipeline.takeOver(
              catalog,
              new PipelineSettings(
                  "p",
                  CONTROL,
                  3,
                  Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "2"),
                  128L << 20),
              CountedPosition::parse,
              Runnable::run);
      target = pipeline.open(new TableDefinition(TABLE, SCHEMA, List.of("id")));
    }

    Record row(Object... values) {
      Record row = GenericRecord.create(target.written());
      for (int i = 0; i < values.length; i++) {
        row.set(i, values[i]);
      }
      return row;
    }

    void commit(long at, Record... rows) {
      List<TableChange> changes = new ArrayList<>();
      for (Record row : rows) {
        changes.add(
            new TableChange(TABLE, new RowChange.Update(target.keys().keyOf(row), row), 100));
      }
      Batch batch = pipeline.newBatch();
      assertThat(batch.add(new SourceTransaction(changes, end(at)))).isTrue();
      var unused = pipeline.commit(pipeline.prepare(batch));
      var unusedEnd = pipeline.settle();
    }
  }

  private Writer started() {
    Writer writer = new Writer(faults);
    InitialSnapshot snapshot = writer.pipeline.initialSnapshot();
    snapshot.add(TABLE, writer.row(1, 0.1f));
    snapshot.add(TABLE, writer.row(2, 0.2f));
    snapshot.publish(end(1));
    writer.commit(2, writer.row(2, 0.3f));
    return writer;
  }

  /** Row 1 and row 2 from before, row 3 with the new column. */
  private void assertWhole(Writer writer) {
    assertThat(writer.pipeline.position()).contains(new CountedPosition(2));
    writer.target = writer.pipeline.changeColumns(TABLE, CHANGES);
    writer.commit(3, writer.row(1L, 0.5, 10), writer.row(3L, 0.6, 30));
    Table table = table(TABLE);
    LakeRows rows = LakeRows.of(table, COLUMNS);
    List<String> found = new ArrayList<>();
    rows.forEach(row -> found.add(String.join(":", java.util.Arrays.asList(row))));
    assertThat(found)
        .containsExactlyInAnyOrder("1:0.5:10", "2:" + (double) 0.3f + ":null", "3:0.6:30");
    assertThat(
            RowComparison.compare(
                    rows,
                    ReplayedRows.of(table, table(CHANGELOG), COLUMNS, List.of("id")),
                    List.of("id"))
                .differences())
        .isEmpty();
    assertThat(table.schema().columns()).hasSize(3);
  }

  private Table table(TableIdentifier name) {
    return new FaultyCatalog(storage, Faults.none(), CONTROL).loadTable(name);
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE,0", "AFTER,0", "CONFLICT,0", "LOST_ANSWER,0",
    "BEFORE,1", "AFTER,1", "CONFLICT,1", "LOST_ANSWER,1"
  })
  void failureIsSurvived(FaultKind kind, int commit) {
    Writer writer = started();
    long before = snapshots();
    faults.arm(FaultPoint.TABLE_COMMIT, kind, commit);
    writer.target = writer.pipeline.changeColumns(TABLE, CHANGES);
    assertThat(faults.struck()).isPresent();
    assertThat(snapshots()).isEqualTo(before + 2);
    assertWhole(writer);
  }

  private long snapshots() {
    return count(table(TABLE)) + count(table(CHANGELOG));
  }

  private static long count(Table table) {
    long count = 0;
    for (var unused : table.snapshots()) {
      count++;
    }
    return count;
  }

  @ParameterizedTest
  @CsvSource({"CRASH_BEFORE,0", "CRASH_AFTER,0", "CRASH_BEFORE,1", "CRASH_AFTER,1"})
  void crashIsMadeGoodByTheNextStart(FaultKind kind, int commit) {
    Writer writer = started();
    faults.arm(FaultPoint.TABLE_COMMIT, kind, commit);
    assertThatThrownBy(() -> writer.pipeline.changeColumns(TABLE, CHANGES))
        .isInstanceOf(SimulatedCrash.class);
    assertWhole(new Writer(Faults.none()));
  }

  @Test
  void columnsThatSomebodyElseAddsMeanwhileStay() {
    Writer writer = started();
    faults.pauseBefore(
        FaultPoint.TABLE_COMMIT,
        0,
        () -> table(TABLE).updateSchema().addColumn("theirs", Types.StringType.get()).commit());
    writer.target = writer.pipeline.changeColumns(TABLE, CHANGES);
    assertThat(writer.target.columns().columns())
        .extracting(Types.NestedField::name)
        .containsExactlyInAnyOrder("id", "n", "size", "theirs");
    assertThat(table(CHANGELOG).schema().findField("theirs")).isNotNull();
  }
}
