package dev.firn.testing;

import static dev.firn.testing.InitialReading.BRANCH;
import static dev.firn.testing.InitialReading.NOTHING;
import static dev.firn.testing.InitialReading.ORDERS;
import static dev.firn.testing.InitialReading.TABLES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.FencedException;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.PipelineException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every commit of an initial snapshot is struck, in every way; then there is a new start. */
class TestInitialSnapshotFaults {
  private static final List<String> FIRST = rows(9, "first");
  private static final List<String> SECOND = rows(7, "second");

  private final InitialReading lake = new InitialReading();

  private static List<String> rows(int rows, String name) {
    return IntStream.range(0, rows).mapToObj(id -> id + ":" + name).toList();
  }

  @ParameterizedTest
  @EnumSource
  void aStartAfterItEndsEqual(FaultKind kind) {
    long commits = commits();
    for (int commit = commitsOfStart(); commit < commits; commit++) {
      InitialReading struck = new InitialReading();
      Faults faults = Faults.none();
      faults.arm(FaultPoint.TABLE_COMMIT, kind, commit);
      boolean survived = survives(() -> struck.read(faults, FIRST));
      assertThat(faults.struck()).isPresent();
      assertThat(survived).as("commit %d: %s", commit, kind).isEqualTo(!kind.isCrash());
      if (!survived) {
        struck.requireOnlyWhole(List.of(List.of(), FIRST));
        struck.read(Faults.none(), SECOND);
      }
      List<String> now = survived ? FIRST : SECOND;
      struck.requireOnlyWhole(List.of(List.of(), FIRST, now));
      struck.requireRows(now);
      struck.requireNoBranch();
      struck.requireRowsStayThemselves();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CRASH_BEFORE", "CRASH_AFTER"})
  void aStartAfterACrashOfTheControlTableEndsEqual(FaultKind kind) {
    FaultHits hits = new FaultHits();
    new InitialReading().read(new Faults(hits), FIRST);
    for (int commit = 0; commit < hits.passes(FaultPoint.CONTROL_COMMIT); commit++) {
      InitialReading struck = new InitialReading();
      Faults faults = Faults.none();
      faults.arm(FaultPoint.CONTROL_COMMIT, kind, commit);
      assertThat(survives(() -> struck.read(faults, FIRST))).isFalse();
      struck.requireOnlyWhole(List.of(List.of(), FIRST));
      boolean complete = struck.isComplete();
      if (!complete) {
        struck.read(Faults.none(), SECOND);
      }
      struck.requireRows(complete ? FIRST : SECOND);
      struck.requireNoBranch();
    }
  }

  /** What is paused before any commit finds another in its place when it goes on. */
  @Test
  void aReplacedWriterPublishesNothing() {
    long commits = commits();
    for (int commit = 0; commit < commits; commit++) {
      InitialReading taken = new InitialReading();
      Faults faults = Faults.none();
      Pointers after = new Pointers();
      faults.pauseBefore(
          FaultPoint.TABLE_COMMIT,
          commit,
          () -> {
            taken.read(Faults.none(), SECOND);
            after.are = taken.storage().pointers();
          });
      assertThatThrownBy(() -> taken.read(faults, FIRST))
          .as("paused before commit %d", commit)
          .isInstanceOf(FencedException.class);
      assertThat(taken.storage().pointers()).isEqualTo(after.are);
      taken.requireRows(SECOND);
      taken.requireNoBranch();
    }
  }

  private static final class Pointers {
    private Map<TableIdentifier, String> are = Map.of();
  }

  /** The one that has taken over is still reading when the one before goes on. */
  @Test
  void aReplacedWriterLeavesTheBranchOfTheNextAlone() {
    InitialReading.Writer old = lake.start(Faults.none());
    InitialSnapshot stale = old.pipeline().initialSnapshot();
    old.add(stale, FIRST);
    InitialReading.Writer next = lake.start(Faults.none());
    assertThatThrownBy(stale::append).isInstanceOf(FencedException.class);
    InitialSnapshot reading = next.pipeline().initialSnapshot();
    next.add(reading, SECOND);
    reading.append();
    Map<TableIdentifier, String> before = lake.storage().pointers();
    assertThatThrownBy(() -> stale.publish(CountedPosition.end(1)))
        .isInstanceOf(FencedException.class);
    stale.abandon();
    assertThat(lake.storage().pointers()).isEqualTo(before);
    reading.publish(CountedPosition.end(2));
    lake.requireRows(SECOND);
  }

  @Test
  void mainStaysAsItIsWhileTheBranchGrows() {
    lake.read(Faults.none(), FIRST);
    lake.forget();
    InitialReading.Writer writer = lake.start(Faults.none());
    InitialSnapshot reading = writer.pipeline().initialSnapshot();
    Map<TableIdentifier, Long> mains = lake.mains();
    assertThat(lake.rows(ORDERS, BRANCH)).isEmpty();
    writer.add(reading, SECOND.subList(0, 3));
    reading.append();
    writer.add(reading, SECOND.subList(3, 5));
    reading.append();
    assertThat(lake.rows(ORDERS, BRANCH)).isEqualTo(SECOND.subList(0, 5));
    assertThat(lake.mains()).isEqualTo(mains);
    lake.requireRows(FIRST);
    writer.add(reading, SECOND.subList(5, 7));
    reading.publish(CountedPosition.end(2));
    lake.requireRows(SECOND);
    lake.requireNoBranch();
    lake.requireRowsStayThemselves(writer);
    assertThat(lake.everSeen(ORDERS)).contains(FIRST, SECOND);
  }

  @Test
  void fullFilesAreAppendedWithoutBeingAskedFor() {
    InitialReading small = new InitialReading(1);
    InitialReading.Writer writer = small.start(Faults.none());
    InitialSnapshot reading = writer.pipeline().initialSnapshot();
    List<String> many = rows(17_000, "x");
    many.forEach(row -> writer.add(reading, ORDERS, row));
    assertThat(small.files(ORDERS, BRANCH)).isGreaterThanOrEqualTo(16);
    assertThat(small.rows(ORDERS, "main")).isEmpty();
    reading.publish(CountedPosition.end(1));
    assertThat(small.rows(ORDERS, "main")).hasSize(17_000);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatSomebodyElseDoesToMainStopsIt(boolean whileReading) {
    InitialReading.Writer writer = lake.start(Faults.none());
    InitialSnapshot reading = writer.pipeline().initialSnapshot();
    writer.add(reading, FIRST);
    lake.load(ORDERS).newFastAppend().commit();
    assertThatThrownBy(
            () -> {
              if (whileReading) {
                reading.append();
              }
              reading.publish(CountedPosition.end(1));
            })
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("shop.orders")
        .hasMessageContaining("start again");
    lake.requireRows(List.of());
    lake.read(Faults.none(), SECOND);
    lake.requireRows(SECOND);
  }

  @Test
  void aChangeOfMainInTheMomentOfPublishingStopsIt() {
    Faults faults = Faults.none();
    InitialReading.Writer writer = lake.start(faults);
    InitialSnapshot reading = writer.pipeline().initialSnapshot();
    writer.add(reading, FIRST);
    faults.pauseBefore(
        FaultPoint.TABLE_COMMIT,
        TABLES.size(),
        () -> TABLES.forEach(table -> lake.load(table).newFastAppend().commit()));
    assertThatThrownBy(() -> reading.publish(CountedPosition.end(1)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("start again");
    lake.requireRows(List.of());
  }

  @Test
  void anUnfinishedBranchOfATableThatIsLeftOutIsDropped() {
    InitialReading.Writer writer = lake.start(Faults.none());
    writer.add(writer.pipeline().initialSnapshot(), FIRST);
    assertThat(lake.load(NOTHING).refs()).containsKey(BRANCH);
    lake.start(Faults.none(), List.of(ORDERS)).pipeline().initialSnapshot();
    assertThat(lake.load(NOTHING).refs()).doesNotContainKey(BRANCH);
  }

  @Test
  void givenUpItLeavesNothing() {
    InitialReading.Writer writer = lake.start(Faults.none());
    InitialSnapshot reading = writer.pipeline().initialSnapshot();
    writer.add(reading, FIRST);
    reading.append();
    writer.add(reading, FIRST);
    reading.abandon();
    lake.requireNoBranch();
    writer.read(SECOND);
    lake.requireRows(SECOND);
    lake.requireRowsStayThemselves(writer);
  }

  @Test
  void theMarkComesWithMain() {
    lake.read(Faults.none(), FIRST);
    for (TableIdentifier name : TABLES) {
      Table table = lake.load(name);
      Map<String, String> summary = table.currentSnapshot().summary();
      for (String key : List.of("firn.pipeline", "firn.epoch", "firn.batch", "firn.position")) {
        assertThat(summary).containsEntry(key, table.properties().get(key));
      }
      assertThat(table.snapshot("firn_baseline")).isEqualTo(table.currentSnapshot());
    }
  }

  private static long commits() {
    FaultHits hits = new FaultHits();
    new InitialReading().read(new Faults(hits), FIRST);
    return hits.passes(FaultPoint.TABLE_COMMIT);
  }

  private static int commitsOfStart() {
    FaultHits hits = new FaultHits();
    new InitialReading().start(new Faults(hits));
    return (int) hits.passes(FaultPoint.TABLE_COMMIT);
  }

  private static boolean survives(Runnable step) {
    try {
      step.run();
      return true;
    } catch (SimulatedCrash e) {
      return false;
    }
  }
}
