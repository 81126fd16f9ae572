package dev.firn.compaction.retention;

import static dev.firn.compaction.retention.MadeTable.START;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.iceberg.ImmutableGenericPartitionStatisticsFile;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestRetentionPlan {
  private static final long SEED = Long.getLong("firn.seed", 20261122);
  private static final int ROUNDS = Integer.getInteger("firn.rounds", 40);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir private Path folder;

  private static RetentionSettings settings(
      Duration recent, int newest, int minutes, int hours, int days) {
    return new RetentionSettings(recent, newest, minutes, hours, days, 3, Optional.empty());
  }

  private static Instant at(String time) {
    return Instant.parse("2025-06-01T" + time + "Z");
  }

  @Test
  void theLastOfEachPeriodThatIsOverGetsItsTag() {
    MadeTable table = MadeTable.in(folder);
    table.commit(at("00:58:10"));
    long minute58 = table.commit(at("00:58:50"));
    long hour0 = table.commit(at("00:59:30"));
    table.commit(at("01:00:10"));
    long minute0 = table.commit(at("01:00:20"));
    long head = table.commit(at("01:01:20"));

    table.run(settings(Duration.ZERO, 1, 3, 2, 2), at("01:01:30"));

    assertThat(table.tags())
        .containsExactly(
            Map.entry("firn_h_2025060100", hour0),
            Map.entry("firn_m_202506010058", minute58),
            Map.entry("firn_m_202506010059", hour0),
            Map.entry("firn_m_202506010100", minute0));
    assertThat(table.ids()).containsExactly(minute58, hour0, minute0, head);
  }

  @Test
  void whatATierNoLongerNeedsGoes() {
    MadeTable table = MadeTable.in(folder);
    long first = table.commit(at("00:10:00"));
    long second = table.commit(at("00:20:00"));
    RetentionSettings settings = settings(Duration.ZERO, 1, 15, 1, 0);
    table.run(settings, at("00:21:00"));
    assertThat(table.ids()).containsExactly(first, second);

    long third = table.commit(at("01:05:00"));
    table.run(settings, at("01:06:00"));
    assertThat(table.ids()).containsExactly(second, third);
    assertThat(table.tags())
        .containsOnlyKeys("firn_m_202506010020", "firn_m_202506010105", "firn_h_2025060100");
  }

  /** Who asks what the table held on a quiet day sees the last snapshot before it. */
  @Test
  void theLastBeforeTheFirstPeriodStays() {
    MadeTable table = MadeTable.in(folder);
    table.commit(START);
    long old = table.commit(START.plus(Duration.ofHours(1)));
    long head = table.commit(START.plus(Duration.ofDays(200)));

    table.run(settings(Duration.ZERO, 1, 0, 0, 90), START.plus(Duration.ofDays(200)));

    assertThat(table.ids()).containsExactly(old, head);
    assertThat(table.tags()).containsOnlyKeys("firn_d_20250601");
  }

  @Test
  void aSecondRunFindsNothingToDo() {
    MadeTable table = MadeTable.in(folder);
    table.commits(500, START, Duration.ofSeconds(7));
    Instant now = START.plus(Duration.ofHours(1));
    RetentionSettings settings = settings(MINUTE, 3, 5, 5, 5);

    assertThat(table.run(settings, now).isNothing()).isFalse();

    TableMetadata after = table.metadata;
    assertThat(table.run(settings, now).isNothing()).isTrue();
    assertThat(table.metadata).isSameAs(after);
  }

  @Test
  void theNewestStayHoweverOldAndSoDoAllRecentOnes() {
    MadeTable table = MadeTable.in(folder);
    table.commits(10, START, Duration.ofSeconds(1));
    Instant later = START.plus(Duration.ofHours(1));

    table.run(settings(MINUTE, 4, 0, 0, 0), later);
    assertThat(table.ids()).containsExactly(7L, 8L, 9L, 10L);

    table.commits(10, later, Duration.ofSeconds(1));
    table.run(settings(MINUTE, 4, 0, 0, 0), later.plusSeconds(62));
    assertThat(table.ids()).hasSize(8).first().isEqualTo(13L);
  }

  @Test
  void whatTheTableAsksForCountsWhereItIsMore() {
    MadeTable table = MadeTable.in(folder, Map.of("history.expire.min-snapshots-to-keep", "6"));
    table.commits(10, START, Duration.ofSeconds(1));
    Instant later = START.plus(Duration.ofHours(1));

    table.run(settings(Duration.ZERO, 2, 0, 0, 0), later);
    assertThat(table.ids()).hasSize(6);

    table.ref("main", SnapshotRef.branchBuilder(10).minSnapshotsToKeep(4).build());
    table.run(settings(Duration.ZERO, 2, 0, 0, 0), later);
    assertThat(table.ids()).hasSize(4);
  }

  @Test
  void refsOfOthersAndAllBehindTheirBranchesStay() {
    MadeTable table = MadeTable.in(folder);
    table.commits(20, START, Duration.ofSeconds(1));
    table.tag("audit", 7);
    table.tag("firn_baseline", 9);
    table.tag("firn_baseline_1", 8);
    table.tag("firn_hold_x", 11);
    table.branch("theirs", 3);
    Map<String, SnapshotRef> refs = Map.copyOf(table.metadata.refs());

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(999)));

    assertThat(table.ids()).containsExactly(1L, 2L, 3L, 7L, 8L, 9L, 11L, 20L);
    assertThat(table.metadata.refs()).containsAllEntriesOf(refs);
  }

  @Test
  void whatIsStagedStaysForFiveDaysAndWhatElseIsNowhereAsLongAsItIsRecent() {
    MadeTable table = MadeTable.in(folder);
    long head = table.commit(START);
    long staged = table.stage(START, Map.of("wap.id", "a"));
    table.stage(START, Map.of());
    long recent = table.stage(START.plus(Duration.ofDays(4)), Map.of());
    RetentionSettings settings = settings(MINUTE, 1, 0, 0, 0);

    table.run(settings, START.plus(Duration.ofDays(4)));
    assertThat(table.ids()).containsExactly(head, staged, recent);

    table.run(settings, START.plus(Duration.ofDays(6)));
    assertThat(table.ids()).containsExactly(head);
  }

  /** A gap above the newest mark would hide it from the writer. */
  @Test
  void nothingGoesBetweenTheHeadAndTheNewestMark() {
    MadeTable table = MadeTable.in(folder);
    table.commit(START, 1, "1");
    long mark = table.commit(START.plusSeconds(1), 2, "2");
    table.commits(5, START.plusSeconds(2), Duration.ofSeconds(1));

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(1)));

    assertThat(table.ids()).hasSize(6).first().isEqualTo(mark);
  }

  /** Another tool looks for its progress in the same way. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "flink.max-committed-checkpoint-id",
        "kafka.connect.offsets.control.lake",
        "spark.sql.streaming.epochId"
      })
  void nothingGoesBetweenTheHeadAndTheNewestNoteOfAnotherTool(String key) {
    MadeTable table = MadeTable.in(folder);
    table.commit(START, Map.of(key, "1"));
    long note = table.commit(START.plusSeconds(1), Map.of(key, "2"));
    table.commits(5, START.plusSeconds(2), Duration.ofSeconds(1));

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(1)));

    assertThat(table.ids()).hasSize(6).first().isEqualTo(note);
  }

  /** Where Firn has taken a table over, nobody else goes on. */
  @Test
  void aMarkOfFirnCountsMoreThanAnOlderNote() {
    MadeTable table = MadeTable.in(folder);
    table.commit(START, Map.of("flink.max-committed-checkpoint-id", "1"));
    table.commit(START.plusSeconds(1), 2, "2");
    long head = table.commit(START.plusSeconds(2), 3, "3");

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(1)));

    assertThat(table.ids()).containsExactly(head);
  }

  @Test
  void changelogsKeepWhatIsRecentOnly() {
    MadeTable table = MadeTable.in(folder, Map.of("firn.changelog-of", "shop.orders"));
    table.commits(500, START, Duration.ofSeconds(20));

    table.run(settings(Duration.ZERO, 2, 60, 60, 60), START.plus(Duration.ofDays(1)));

    assertThat(table.ids()).containsExactly(499L, 500L);
    assertThat(table.tags()).isEmpty();
  }

  @Test
  void statisticsOfWhatGoesGoWithIt() {
    MadeTable table = MadeTable.in(folder);
    table.commits(2, START, Duration.ofSeconds(1));
    TableMetadata.Builder builder = TableMetadata.buildFrom(table.metadata);
    for (long id = 1; id <= 2; id++) {
      builder.setPartitionStatistics(
          ImmutableGenericPartitionStatisticsFile.builder()
              .snapshotId(id)
              .path("file:/none/" + id)
              .fileSizeInBytes(1)
              .build());
    }
    table.metadata = builder.build();

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(1)));

    assertThat(table.metadata.partitionStatisticsFiles())
        .singleElement()
        .matches(file -> file.snapshotId() == 2);
  }

  @Test
  void aHoldWhoseTagSomebodyRemovedIsSetAgain() {
    MadeTable table = MadeTable.in(folder);
    table.commits(5, START, Duration.ofSeconds(1));
    table.property("firn.hold.firn_hold_a", "snapshot=2 since=2025-06-01T00:00:00Z by=me reason=x");

    table.run(settings(Duration.ZERO, 1, 0, 0, 0), START.plus(Duration.ofDays(1)));

    assertThat(table.ids()).containsExactly(2L, 5L);
    assertThat(table.at("firn_hold_a")).isEqualTo(2);
  }

  /** What was set back is no more what the table was. */
  @Test
  void whatWasRolledBackIsNoLastOfAPeriod() {
    MadeTable table = MadeTable.in(folder);
    long good = table.commit(at("00:10:00"));
    long bad = table.commit(at("00:20:00"));
    table.run(settings(Duration.ZERO, 1, 60, 0, 0), at("00:21:00"));
    assertThat(table.tags()).containsValue(bad);
    table.branch("main", good);

    table.run(settings(Duration.ZERO, 1, 60, 0, 0), at("00:22:00"));

    assertThat(table.ids()).containsExactly(good);
  }

  @Test
  void theBaselineMovesToTheNewestThatIsOldEnoughAndTold() {
    MadeTable table = MadeTable.in(folder);
    long first = table.commit(at("00:00:10"), 1, "1");
    table.tag("firn_baseline", first);
    long second = table.commit(at("00:01:10"), 2, "2");
    long third = table.commit(at("00:02:10"), 3, "3");
    table.commit(at("00:03:10"), 4, "4");
    RetentionSettings settings = settings(Duration.ZERO, 1, 60, 0, 0);

    assertThat(moved(table, settings, new BaselineMove(at("00:02:30"), 2))).contains(second);
    assertThat(moved(table, settings, new BaselineMove(at("00:02:30"), 9))).contains(third);
    assertThat(moved(table, settings, new BaselineMove(at("00:00:30"), 9))).isEmpty();
    table.tag("firn_hold_a", second);
    assertThat(moved(table, settings, new BaselineMove(at("00:02:30"), 9))).contains(second);
  }

  private static Optional<Long> moved(
      MadeTable table, RetentionSettings settings, BaselineMove move) {
    return RetentionPlan.of(table.metadata, settings, at("00:10:00"), move).baseline();
  }

  /** Changelogs know a batch by its number only: half of one is no baseline. */
  @Test
  void aPartOfABatchIsNoBaseline() {
    MadeTable table = MadeTable.in(folder);
    long first = table.commit(at("00:00:10"), 1, "1");
    table.tag("firn_baseline", first);
    table.commit(at("00:01:10"), 2, "2");
    long whole = table.commit(at("00:02:10"), 2, "3");
    table.commit(at("00:03:10"), 3, "4");
    RetentionSettings settings = settings(Duration.ZERO, 1, 60, 0, 0);

    assertThat(moved(table, settings, new BaselineMove(at("00:01:30"), 9))).isEmpty();
    assertThat(moved(table, settings, new BaselineMove(at("00:02:30"), 9))).contains(whole);
  }

  /** After each of many runs exactly that is there which all of the history asks for. */
  @Test
  void whatStaysIsWhatASimpleModelKeeps() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int round = 0; round < ROUNDS; round++) {
      MadeTable table = MadeTable.in(folder);
      RetentionSettings settings =
          settings(
              Duration.ofSeconds(random.nextInt(600)),
              1 + random.nextInt(5),
              random.nextInt(10),
              random.nextInt(5),
              random.nextInt(4));
      Map<Long, Instant> all = new TreeMap<>();
      Instant now = START.plusSeconds(random.nextInt(100_000));
      for (int run = 0; run < 12; run++) {
        int commits = random.nextInt(30);
        int longest = 1 << random.nextInt(15);
        for (int i = 0; i < commits; i++) {
          now = now.plusSeconds(random.nextInt(longest));
          all.put(table.commit(now), now);
        }
        now = now.plusSeconds(random.nextInt(longest));
        table.run(settings, now);
        assertThat(table.ids())
            .as("seed %d, round %d, run %d: %s", SEED, round, run, settings)
            .isEqualTo(model(all, settings, now));
      }
    }
  }

  private static Set<Long> model(Map<Long, Instant> all, RetentionSettings settings, Instant now) {
    TreeSet<Long> kept = new TreeSet<>();
    all.forEach((id, time) -> {
      if (id > all.size() - settings.recentSnapshots()
          || !time.isBefore(now.minus(settings.recent()))) {
        kept.add(id);
      }
    });
    keepAtEnds(all, ChronoUnit.MINUTES, settings.minutes(), now, kept);
    keepAtEnds(all, ChronoUnit.HOURS, settings.hours(), now, kept);
    keepAtEnds(all, ChronoUnit.DAYS, settings.days(), now, kept);
    keepAtEnds(all, ChronoUnit.YEARS, settings.years(), now, kept);
    return kept;
  }

  /** What the table was at the beginning of the first period and at the end of each. */
  private static void keepAtEnds(
      Map<Long, Instant> all, ChronoUnit unit, int count, Instant now, Set<Long> kept) {
    List<Instant> ends = new ArrayList<>();
    Instant end =
        unit == ChronoUnit.YEARS
            ? now.atOffset(ZoneOffset.UTC).withDayOfYear(1).truncatedTo(ChronoUnit.DAYS).toInstant()
            : now.truncatedTo(unit);
    for (int i = 0; i <= count && count > 0; i++) {
      ends.add(end.atOffset(ZoneOffset.UTC).minus(i, unit).toInstant());
    }
    for (Instant before : ends) {
      all.entrySet().stream()
          .filter(entry -> entry.getValue().isBefore(before))
          .map(Map.Entry::getKey)
          .max(Long::compare)
          .ifPresent(kept::add);
    }
  }
}
