package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.transaction;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TestTableLayout {
  private static final Schema COLUMNS =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "at", Types.TimestampType.withZone()),
          Types.NestedField.optional(3, "open", Types.BooleanType.get()),
          Types.NestedField.optional(
              4, "tags", Types.ListType.ofOptional(5, Types.StringType.get())),
          Types.NestedField.optional(
              6,
              "place",
              Types.StructType.of(Types.NestedField.optional(7, "x", Types.DoubleType.get()))),
          Types.NestedField.optional(8, "two words", Types.StringType.get()));

  @TempDir private Path folder;

  private static TableLayout layout(String partitionBy, String sortBy) {
    return new TableLayout(
        Optional.of(TableLayout.partitions(partitionBy)),
        Optional.of(TableLayout.order(sortBy)),
        Map.of());
  }

  private WriterFixture open(String partitionBy, String sortBy) {
    return WriterFixture.open(folder, 3, layout(partitionBy, sortBy));
  }

  @Test
  void newTableHasItFromItsMaking() {
    WriterFixture lake =
        WriterFixture.open(
            folder,
            3,
            new TableLayout(
                Optional.of(TableLayout.partitions("bucket(4, id), truncate(1, name)")),
                Optional.of(TableLayout.order("name desc")),
                Map.of("write.parquet.row-group-size-bytes", "1000000")));
    assertThat(lake.table().spec().fields())
        .hasToString("[1000: id_bucket_4: bucket[4](1), 1001: name_trunc_1: truncate[1](2)]");
    assertThat(lake.table().sortOrder().fields()).hasToString("[identity(2) DESC NULLS LAST]");
    assertThat(lake.table().properties())
        .containsEntry("write.parquet.row-group-size-bytes", "1000000");
    assertThat(lake.catalog.loadTable(Changelog.nameFor(ORDERS)).spec().fields())
        .as("the changelog's own")
        .hasToString("[1000: _committed_at_day: day(7)]");
  }

  @Test
  void rowsMoveBetweenPartitionsAndKeepTheirIds() {
    WriterFixture lake = open("name", "id").started(1, 2, 3);
    Map<Integer, Long> ids = lake.rowIds();
    lake.commit(transaction(2, lake.update(1, "second"), lake.update(3, "second")));
    lake.commit(transaction(3, lake.update(1, "first"), lake.delete(2)));
    assertThat(lake.rows()).containsExactly("1:first", "3:second");
    assertThat(lake.rowIds()).containsEntry(1, ids.get(1)).containsEntry(3, ids.get(3));
    assertThat(partitions(lake.table())).containsExactlyInAnyOrder("name=first", "name=second");
  }

  @Test
  void morePartitionsThanFilesMayBeOpen() {
    int rows = RowFiles.MAX_OPEN + 50;
    WriterFixture lake = open("id", "unsorted").started(IntStream.rangeClosed(1, rows).toArray());
    assertThat(lake.rows()).hasSize(rows);
    lake.commit(transaction(2, lake.update(1, "second"), lake.delete(rows)));
    assertThat(lake.rows()).hasSize(rows - 1).contains("1:second", "2:first");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void tableThatIsThereGetsItAtTheNextStart(int format) {
    WriterFixture before = WriterFixture.open(folder, format, TableLayout.ANY).started(1, 2, 3);
    WriterFixture lake = WriterFixture.open(folder, format, layout("name", "id"));
    assertThat(lake.table().spec().fields()).hasSize(1);
    assertThat(before.table().currentSnapshot().summary()).containsEntry("total-records", "3");
    lake.commit(transaction(2, lake.update(1, "second"), lake.delete(2), lake.insert(4, "fourth")));
    assertThat(lake.rows()).containsExactly("1:second", "3:first", "4:fourth");
    assertThat(partitions(lake.table()))
        .as("what was there stays as it is")
        .containsExactlyInAnyOrder("", "name=second", "name=fourth");
    WriterFixture again = WriterFixture.open(folder, format, layout("unpartitioned", "unsorted"));
    again.commit(transaction(3, again.update(1, "third"), again.update(3, "third")));
    assertThat(again.table().spec().isUnpartitioned()).isTrue();
    assertThat(again.table().sortOrder().isUnsorted()).isTrue();
    assertThat(again.rows()).containsExactly("1:third", "3:third", "4:fourth");
  }

  @Test
  void whatNobodyAsksForStaysAsSomebodyElseHasMadeIt() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.table().updateSpec().addField("name").commit();
    lake.table().replaceSortOrder().desc("id").commit();
    WriterFixture again = WriterFixture.open(folder);
    again.commit(transaction(2, again.update(1, "second")));
    assertThat(again.table().spec().fields()).hasSize(1);
    assertThat(again.table().sortOrder().isSorted()).isTrue();
    assertThat(partitions(again.table())).containsExactly("name=second");
  }

  @Test
  void startThatChangesNothingCommitsNothing() {
    open("name", "id").started(1);
    WriterFixture lake = open("name", "id");
    long claim = lake.table().currentSnapshot().snapshotId();
    lake.pipeline.open(
        new TableDefinition(ORDERS, WriterFixture.SCHEMA, List.of("id"))
            .laidOut(layout("name", "id")));
    assertThat(lake.table().currentSnapshot().snapshotId()).isEqualTo(claim);
    assertThat(lake.table().specs()).hasSize(1);
    assertThat(lake.table().sortOrders()).hasSize(1);
  }

  @Test
  void oneTransformInThePlaceOfAnother() {
    open("bucket(4, id), name", "id").started(1);
    WriterFixture lake = open("name, bucket(8, id)", "bucket(2, id), name desc nulls first");
    assertThat(lake.table().spec().fields())
        .extracting(Object::toString)
        .containsExactlyInAnyOrder("1001: name: identity(2)", "1002: id_bucket_8: bucket[8](1)");
    lake.commit(transaction(2, lake.update(1, "x")));
    WriterFixture again = open("bucket(4, id), name", "id");
    assertThat(again.table().spec().fields())
        .extracting(Object::toString)
        .containsExactlyInAnyOrder("1001: name: identity(2)", "1000: id_bucket_4: bucket[4](1)");
    assertThat(again.rows()).containsExactly("1:x");
  }

  @Test
  void rowsOfABatchLieInOrder() {
    WriterFixture lake = open("unpartitioned", "name desc, id").started(7);
    int order = lake.table().sortOrder().orderId();
    lake.commit(
        transaction(
            2, lake.insert(3, "b"), lake.insert(1, "c"), lake.update(7, "a"), lake.insert(2, "b")));
    assertThat(files(lake.table()))
        .singleElement()
        .satisfies(file -> assertThat(file.sortOrderId()).isEqualTo(order));
    assertThat(inOrderOfTheFile(lake.table())).containsExactly("1:c", "2:b", "3:b", "7:a");
    lake.commit(transaction(3, lake.delete(3), lake.update(2, "z")));
    assertThat(lake.rows()).containsExactly("1:c", "2:z", "7:a");
  }

  @Test
  void fileSaysThatItIsInOrderOnlyWhenItIs() throws IOException {
    WriterFixture lake = open("unpartitioned", "id").started(2, 1);
    assertThat(files(lake.table()))
        .singleElement()
        .satisfies(file -> assertThat(file.sortOrderId()).isIn(null, 0));
    WriterFixture other =
        WriterFixture.open(Files.createDirectory(folder.resolve("other")), 3, layout("name", "id"));
    other.started(1, 2);
    assertThat(files(other.table()))
        .singleElement()
        .satisfies(file -> assertThat(file.sortOrderId()).isEqualTo(1));
  }

  @Test
  void rowsThatWaitForTheBatchBeforeAreWritten() {
    WriterFixture lake = open("unpartitioned", "id").started(9);
    PreparedBatch first = lake.prepare(transaction(2, lake.insert(5, "a"), lake.insert(3, "a")));
    PreparedBatch second =
        lake.prepare(transaction(3, lake.update(3, "b"), lake.insert(8, "b"), lake.insert(4, "b")));
    lake.pipeline.commit(first);
    lake.pipeline.commit(second);
    var unused = lake.pipeline.settle();
    assertThat(lake.rows()).containsExactly("3:b", "4:b", "5:a", "8:b", "9:first");
    for (DataFile file : files(lake.table())) {
      List<String> rows = rows(lake.table(), file);
      boolean isSorted = rows.equals(rows.stream().sorted().toList());
      assertThat(Integer.valueOf(1).equals(file.sortOrderId())).isEqualTo(isSorted);
    }
  }

  @Test
  void partitionColumnGetsWider() {
    WriterFixture lake = open("id, truncate(10, id), name", "id").started(1, 2, 3);
    lake.changeColumns(
        new ColumnChanges(List.of(), Map.of("id", Types.LongType.get()), Set.of("id", "name")));
    lake.commit(
        transaction(
            2,
            change(lake.update(Map.of("id", 2L, "name", "b"))),
            change(lake.delete(Map.of("id", 1L))),
            change(lake.insert(Map.of("id", 1L << 40, "name", "c")))));
    assertThat(lake.rows()).containsExactly("1099511627776:c", "2:b", "3:first");
    WriterFixture again = open("id, truncate(10, id), name", "id");
    again.commit(transaction(3, change(again.update(Map.of("id", 3L, "name", "d")))));
    assertThat(again.rows()).containsExactly("1099511627776:c", "2:b", "3:d");
  }

  @Test
  void partitionColumnGetsWiderInALargeTransaction() {
    WriterFixture lake = open("id, name", "id").started(1, 2);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.insert(5, "first"));
    large.apply(lake.update(1, "first"));
    ColumnChanges wide =
        new ColumnChanges(List.of(), Map.of("id", Types.LongType.get()), Set.of("id", "name"));
    assertThatThrownBy(() -> large.changeColumns(ORDERS, wide))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("start again: nothing is lost");
    assertThat(lake.rows()).containsExactly("1:first", "2:first");
    WriterFixture again = open("id, name", "id");
    again.commit(
        transaction(
            2,
            change(again.insert(Map.of("id", 5L, "name", "b"))),
            change(again.update(Map.of("id", 2L, "name", "b")))));
    assertThat(again.rows()).containsExactly("1:first", "2:b", "5:b");
  }

  @Test
  void newColumnThatBearsTheNameOfAPartitionIsNamed() {
    WriterFixture lake = open("bucket(4, id)", "unsorted").started(1);
    assertThatThrownBy(() ->
            lake.changeColumns(
                new ColumnChanges(
                    List.of(
                        new ColumnChanges.NewColumn("id_bucket_4", Types.StringType.get(), null)),
                    Map.of(),
                    Set.of("id", "name", "id_bucket_4"))))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("can have no column id_bucket_4");
  }

  @Test
  void partitionIsNotCalledAsAColumnIs() {
    Schema columns =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.required(2, "id_bucket_4", Types.IntegerType.get()));
    assertThat(layout("bucket(4, id), id_bucket_4", "unsorted").partitions(columns).fields())
        .extracting(field -> field.name())
        .containsExactly("id_bucket_4_", "id_bucket_4");
  }

  @Test
  void waitsForColumnsThatAreToCome() {
    WriterFixture before = WriterFixture.open(folder).started(1);
    assertThat(before.table().spec().isUnpartitioned()).isTrue();
    WriterFixture lake = open("size", "size");
    assertThat(lake.table().spec().isUnpartitioned()).isTrue();
    lake.changeColumns(
        new ColumnChanges(
            List.of(new ColumnChanges.NewColumn("size", Types.IntegerType.get(), null)),
            Map.of(),
            Set.of("id", "name", "size")));
    lake.commit(transaction(2, change(lake.insert(Map.of("id", 2, "name", "b", "size", 9)))));
    assertThat(partitions(lake.table())).containsExactlyInAnyOrder("", "size=9");
  }

  @Test
  void columnThatIsGoneAtTheSourcePartitionsAsNull() {
    WriterFixture lake = open("name", "name").started(1, 2);
    lake.changeColumns(new ColumnChanges(List.of(), Map.of(), Set.of("id")));
    lake.commit(
        transaction(2, change(lake.update(Map.of("id", 1))), change(lake.insert(Map.of("id", 3)))));
    assertThat(lake.rows()).containsExactly("1:null", "2:first", "3:null");
    assertThat(partitions(lake.table())).containsExactlyInAnyOrder("name=first", "name=null");
  }

  @Test
  void somebodyElseCommitsBetweenTheLookAndTheChange() throws IOException {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.appendAsSomebodyElse(8);
    WriterFixture again = open("name", "id");
    again.commit(transaction(2, again.update(8, "ours")));
    assertThat(again.rows()).containsExactly("1:first", "8:ours");
    assertThat(again.table().spec().fields()).hasSize(1);
  }

  @Test
  void writerThatWasReplacedChangesNoLayout() {
    WriterFixture old = WriterFixture.open(folder).started(1);
    WriterFixture.open(folder);
    assertThatThrownBy(() ->
            old.pipeline.open(
                new TableDefinition(ORDERS, WriterFixture.SCHEMA, List.of("id"))
                    .laidOut(layout("name", "id"))))
        .isInstanceOf(FencedException.class);
    assertThat(old.table().spec().isUnpartitioned()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          day(at), bucket(16, id), open    | [day(at), bucket(16, id), open]
          year( at ),hour(at)              | [year(at), hour(at)]
          truncate(4,"two words")          | [truncate(4, two words)]
          void(id), month(at), place.x     | [void(id), month(at), place.x]
          day                              | [day]
          "a""b"                           | [a"b]
          unpartitioned                    | []
          """)
  void partitionsAreReadAsIcebergNamesThem(String text, String terms) {
    assertThat(TableLayout.partitions(text)).hasToString(terms);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          id, at desc                  | [id asc nulls first, at desc nulls last]
          at DESC NULLS FIRST          | [at desc nulls first]
          id nulls last, desc          | [id asc nulls last, desc asc nulls first]
          bucket(4, id) desc, day(at)  | [bucket(4, id) desc nulls last, day(at) asc nulls first]
          """)
  void ordersAreReadAsInSql(String text, String terms) {
    assertThat(TableLayout.order(text)).hasToString(terms);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          days(at)        | no transform days; the forms are column, year(column)
          bucket(id)      | bucket(N, column), with a number above 0
          bucket(0, id)   | with a number above 0
          day(3, at)      | day of column at: the form is day(column)
          id,             | not understood from "" on
          id at           | not understood from "id at" on
          id, day(at      | not understood from "day(at" on
          id desc         | no direction
          """)
  void whatIsNoLayoutIsRefused(String text, String message) {
    assertThatThrownBy(() -> TableLayout.partitions(text))
        .isInstanceOf(LayoutException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          dey             | there is no column dey; there are id, at, open, tags, place, two words
          day(id)         | day does not go with column id, which is int; such a column goes with identity, bucket, truncate
          bucket(4, open) | bucket does not go with column open, which is boolean; such a column goes with identity
          tags            | which is list<string>; a column of more than one value goes with none
          tags.element    | a column of more than one value goes with none
          day(at), hour(at) | redundant
          id, id          | id
          """)
  void whatTheColumnsDoNotAllowIsRefused(String text, String message) {
    TableLayout layout =
        new TableLayout(Optional.of(TableLayout.partitions(text)), Optional.empty(), Map.of());
    assertThatThrownBy(() -> layout.requireFits(COLUMNS))
        .isInstanceOf(LayoutException.class)
        .hasMessageContaining(message);
  }

  private static List<DataFile> files(Table table) {
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      return StreamSupport.stream(tasks.spliterator(), false)
          .map(task -> task.file().copy())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those that hold live files; none is empty. */
  private static Set<String> partitions(Table table) {
    return files(table).stream()
        .map(file ->
            requireNonNull(table.specs().get(file.specId())).partitionToPath(file.partition()))
        .collect(Collectors.toSet());
  }

  private static List<String> inOrderOfTheFile(Table table) {
    return rows(table, files(table).getFirst());
  }

  private static List<String> rows(Table table, DataFile file) {
    try (CloseableIterable<Record> records =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, table.io().newInputFile(file.location()))
            .project(table.schema())
            .build()) {
      List<String> rows = new ArrayList<>();
      records.forEach(row ->
          rows.add(
              String.join(
                  ":",
                  IntStream.range(0, row.size())
                      .mapToObj(i -> String.valueOf(row.get(i)))
                      .toList())));
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
