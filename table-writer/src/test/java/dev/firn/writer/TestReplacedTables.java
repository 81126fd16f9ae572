package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Somebody rolls back, drops, renames or makes anew a table, its changelog, the control table. */
final class TestReplacedTables {
  private static final TableIdentifier CHANGELOG = Changelog.nameFor(ORDERS);
  private static final TableIdentifier CONTROL = TableIdentifier.of("firn", "shop");
  private static final Schema OTHER =
      new Schema(Types.NestedField.required(1, "id", Types.IntegerType.get()));

  @TempDir private Path folder;

  /** What somebody does to a table, what is said of it, and the way on that is said. */
  enum Deed {
    ROLLED_BACK("was rolled back") {
      @Override
      Runnable does(Catalog catalog, TableIdentifier name) {
        Table table = catalog.loadTable(name);
        Snapshot last = table.currentSnapshot();
        table.manageSnapshots().rollbackTo(last.parentId()).commit();
        return () ->
            catalog
                .loadTable(name)
                .manageSnapshots()
                .setCurrentSnapshot(last.snapshotId())
                .commit();
      }
    },
    DROPPED("is gone") {
      @Override
      Runnable does(Catalog catalog, TableIdentifier name) {
        String newest = metadata(catalog, name);
        catalog.dropTable(name, false);
        return () -> catalog.registerTable(name, newest);
      }
    },
    RENAMED("is gone") {
      @Override
      Runnable does(Catalog catalog, TableIdentifier name) {
        TableIdentifier aside = TableIdentifier.of(name.namespace(), "aside");
        catalog.renameTable(name, aside);
        return () -> catalog.renameTable(aside, name);
      }
    },
    MADE_ANEW("made") {
      @Override
      Runnable does(Catalog catalog, TableIdentifier name) {
        String newest = metadata(catalog, name);
        catalog.dropTable(name, false);
        var unused = catalog.createTable(name, OTHER);
        return () -> {
          catalog.dropTable(name, false);
          catalog.registerTable(name, newest);
        };
      }
    };

    private final String said;

    Deed(String said) {
      this.said = said;
    }

    /** Does it, and returns what undoes it. */
    abstract Runnable does(Catalog catalog, TableIdentifier name);

    private static String metadata(Catalog catalog, TableIdentifier name) {
      return ((HasTableOperations) catalog.loadTable(name))
          .operations()
          .current()
          .metadataFileLocation();
    }
  }

  static Stream<Arguments> all() {
    return Stream.of(Deed.values())
        .flatMap(
            deed -> Stream.of(ORDERS, CHANGELOG, CONTROL).map(name -> Arguments.of(deed, name)));
  }

  @ParameterizedTest
  @MethodSource("all")
  void whileTheWriterRuns(Deed deed, TableIdentifier name) {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    Runnable undo = deed.does(lake.catalog, name);
    assertThatThrownBy(() -> lake.commit(transaction(3, lake.insert(3, "three"))))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll(name.toString(), deed.said)
        .message()
        .hasLineCount(1);
    undo.run();
    goesOn();
  }

  @ParameterizedTest
  @MethodSource("all")
  void whileNoWriterRuns(Deed deed, TableIdentifier name) {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    Runnable undo = deed.does(lake.catalog, name);
    if (name.equals(CONTROL) && deed.said.equals("is gone")) {
      // Which is how to start over: see below.
      return;
    }
    assertThatThrownBy(() -> WriterFixture.open(folder))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll(name.toString(), deed.said)
        .message()
        .hasLineCount(1);
    undo.run();
    goesOn();
  }

  private void goesOn() {
    WriterFixture next = WriterFixture.open(folder);
    next.commit(transaction(2, next.insert(2, "two")), transaction(3, next.insert(3, "three")));
    next.commit(transaction(4, next.update(3, "four")));
    assertThat(next.rows()).containsExactly("1:first", "2:two", "3:four");
    assertThat(next.changelog()).hasSize(3);
  }

  @Test
  void rolledBackTableIsToldWithTheSnapshotToSet() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    long last = lake.table().currentSnapshot().snapshotId();
    var unused = Deed.ROLLED_BACK.does(lake.catalog, ORDERS);
    assertThatThrownBy(() -> WriterFixture.open(folder))
        .hasMessageContaining("set_current_snapshot('shop.orders', %d)", last);
  }

  /** The way that is always left. */
  @Test
  void withoutTheControlTableAllTablesAreReadAnew() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    WriterFixture second = WriterFixture.open(folder);
    second.commit(transaction(3, second.insert(3, "three")));
    var unused = Deed.ROLLED_BACK.does(lake.catalog, ORDERS);
    lake.catalog.dropTable(ORDERS);
    lake.catalog.dropTable(CONTROL);
    WriterFixture anew = WriterFixture.open(folder).started(7);
    anew.commit(transaction(8, anew.insert(8, "eight")));
    assertThat(anew.rows()).containsExactly("7:first", "8:eight");
    assertThat(anew.changelog())
        .as("batches of both times")
        .extracting(change -> change.substring(0, change.indexOf(' ')))
        .containsExactly("2", "3", "5");
    assertThatThrownBy(() -> second.commit(transaction(9, second.insert(9, "old"))))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("made again by someone else");
  }

  /** The changelog goes on where it was, also when the pipeline had been started only once. */
  @Test
  void withoutTheControlTableBatchesGoOnAboveAlsoThoseOfTheFirstEpoch() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    lake.catalog.dropTable(ORDERS);
    lake.catalog.dropTable(CONTROL);
    WriterFixture anew = WriterFixture.open(folder).started(7);
    anew.commit(transaction(8, anew.insert(8, "eight")));
    assertThat(anew.pipeline.epoch()).isGreaterThan(1);
    assertThat(anew.changelog())
        .extracting(change -> change.substring(0, change.indexOf(' ')))
        .containsExactly("2", "4");
  }

  /** Where the history no longer says so, the snapshot that was left behind does. */
  @Test
  void rollbackToASnapshotWithoutAMarkIsNoticed() {
    WriterFixture lake = WriterFixture.withoutChangelog(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "a")));
    lake.table().newFastAppend().commit();
    Snapshot theirs = lake.table().currentSnapshot();
    lake.commit(transaction(3, lake.insert(3, "b")));
    Table table = lake.table();
    table.manageSnapshots().rollbackTo(theirs.snapshotId()).commit();
    expireBefore(table, theirs);

    assertThatThrownBy(() -> WriterFixture.withoutChangelog(folder))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("was rolled back: its history has no batch")
        .hasMessageContaining("Set it forward again");
  }

  private static void expireBefore(Table table, Snapshot newest) {
    TableOperations operations = ((HasTableOperations) table).operations();
    TableMetadata base = operations.refresh();
    Set<Long> before = new HashSet<>(SnapshotUtil.ancestorIds(newest, base::snapshot));
    before.remove(newest.snapshotId());
    operations.commit(base, TableMetadata.buildFrom(base).removeSnapshots(before).build());
  }
}
