package dev.firn.compaction.retention;

import static dev.firn.compaction.retention.MadeTable.NAME;
import static dev.firn.compaction.retention.MadeTable.START;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestHolds {
  private static final RetentionSettings NONE =
      RetentionSettings.of(
          Map.of(
              "recent",
              "0",
              "recent-snapshots",
              "1",
              "minutes",
              "0",
              "hours",
              "0",
              "days",
              "0",
              "years",
              "0"));
  private static final Instant NOW = Instant.parse("2025-07-01T10:00:00Z");

  @TempDir private Path folder;

  private Catalog tableOf(int snapshots) throws IOException {
    MadeTable table = MadeTable.in(folder);
    table.commits(snapshots, START, Duration.ofMinutes(1));
    return table.register(folder);
  }

  private static void expire(Catalog catalog) {
    Retention.run(catalog, NAME, NONE, NOW, Mode.REAL, ExpiryListener.NONE);
  }

  @Test
  void whatIsHeldStaysUntilTheHoldIsRemoved() throws IOException {
    Catalog catalog = tableOf(10);
    Hold hold = Holds.add(catalog.loadTable(NAME), 4, " case 17: by=order ", "me at home", NOW);

    expire(catalog);

    Table table = catalog.loadTable(NAME);
    assertThat(table.snapshots()).extracting("snapshotId").containsExactly(4L, 10L);
    assertThat(Holds.list(table))
        .containsExactly(
            new Hold(hold.name(), 4, "case 17: by=order", Optional.of(NOW), "me_at_home"));
    assertThat(requireNonNull(table.refs().get(hold.name())).maxRefAgeMs())
        .isEqualTo(Long.MAX_VALUE);

    assertThat(Holds.remove(table, hold.name())).isEqualTo(hold);
    expire(catalog);
    table = catalog.loadTable(NAME);
    assertThat(table.snapshots()).hasSize(1);
    assertThat(Holds.list(table)).isEmpty();
    assertThat(table.properties()).doesNotContainKey("firn.hold." + hold.name());
  }

  @Test
  void aSnapshotCanBeHeldTwice() throws IOException {
    Catalog catalog = tableOf(10);
    Hold first = Holds.add(catalog.loadTable(NAME), 4, "one", "me", NOW);
    Holds.add(catalog.loadTable(NAME), 4, "two", "me", NOW.plusSeconds(1));

    Holds.remove(catalog.loadTable(NAME), first.name());
    expire(catalog);

    assertThat(Holds.list(catalog.loadTable(NAME))).extracting(Hold::reason).containsExactly("two");
    assertThat(catalog.loadTable(NAME).snapshot(4)).isNotNull();
  }

  @Test
  void aLostAnswerMakesNoSecondHold() throws IOException {
    Catalog catalog = tableOf(3);

    Holds.add(new FaultyTables(catalog).losesTheAnswer().loadTable(NAME), 2, "why", "me", NOW);

    assertThat(Holds.list(catalog.loadTable(NAME))).hasSize(1);
  }

  @Test
  void whatIsGoneMeanwhileCannotBeHeld() throws IOException {
    Catalog catalog = tableOf(3);
    Table faulty = new FaultyTables(catalog).meanwhile(() -> expire(catalog)).loadTable(NAME);

    assertThatThrownBy(() -> Holds.add(faulty, 1, "why", "me", NOW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the table has no snapshot 1");
    assertThat(Holds.list(catalog.loadTable(NAME))).isEmpty();
  }

  @Test
  void anUnknownHoldIsRefused() throws IOException {
    Table table = tableOf(3).loadTable(NAME);
    assertThatThrownBy(() -> Holds.remove(table, "firn_hold_a"))
        .hasMessage("the table has no hold firn_hold_a");
    assertThatThrownBy(() -> Holds.add(table, 1, " ", "me", NOW)).hasMessageContaining("reason");
  }

  @Test
  void aTagWithoutANoteIsAHoldAllTheSame() throws IOException {
    Catalog catalog = tableOf(3);
    catalog.loadTable(NAME).manageSnapshots().createTag("firn_hold_mine", 2).commit();

    expire(catalog);

    assertThat(Holds.list(catalog.loadTable(NAME)))
        .containsExactly(new Hold("firn_hold_mine", 2, "", Optional.empty(), ""));
    Holds.remove(catalog.loadTable(NAME), "firn_hold_mine");
    assertThat(catalog.loadTable(NAME).refs()).doesNotContainKey("firn_hold_mine");
  }

  @Test
  void snapshotsAreFoundByTagAndTime() throws IOException {
    Table table = tableOf(3).loadTable(NAME);
    assertThat(Holds.at(table, START.plusSeconds(90)).snapshotId()).isEqualTo(2);
    assertThat(Holds.named(table, "main")).isEqualTo(3);
    assertThatThrownBy(() -> Holds.at(table, START.minusSeconds(1)))
        .hasMessageContaining("no snapshot of 2025-05-31T23:59:59Z");
    assertThatThrownBy(() -> Holds.named(table, "none"))
        .hasMessage("the table has no tag or branch none");
  }
}
