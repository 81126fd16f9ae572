package dev.firn.compaction;

import static dev.firn.compaction.CompactionFixture.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.firn.compaction.Tiers.SmallFile;
import dev.firn.writer.RowChange;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestTiers {
  private static final long SEED = Long.getLong("firn.seed", 20261122);
  private static final CompactionSettings TIERED =
      new CompactionSettings(CompactionFixture.TARGET, CompactionMode.TIERED);
  private static final long MIB = 1 << 20;

  @TempDir private Path folder;

  @Test
  void whatWasJustWrittenRests() {
    Duration rest = Tiers.cost(2, 0, 2 * MIB).multipliedBy(Tiers.REST);
    assertThat(chosen(file(MIB, rest.minusMillis(1)), file(MIB, Duration.ZERO))).isEmpty();
    assertThat(chosen(file(MIB, rest), file(MIB, Duration.ZERO))).hasSize(2);
  }

  @Test
  void ofNarrowRowsTheirNumberCounts() {
    assertThat(Tiers.cost(1, 1_000_000, MIB)).isGreaterThan(Tiers.cost(1, 0, 100 * MIB));
    Duration rest = Tiers.cost(2, 2_000_000, 2 * MIB).multipliedBy(Tiers.REST);
    assertThat(chosen(narrow(rest.minusMillis(1)), narrow(Duration.ZERO))).isEmpty();
    assertThat(chosen(narrow(rest), narrow(Duration.ZERO))).hasSize(2);
  }

  /** Where rewrites are slow, rows rest for longer. */
  @Test
  void whatTheyTookCounts() {
    Pace pace = new Pace();
    Duration estimate = Tiers.cost(2, 0, 2 * MIB);
    assertThat(pace.of(estimate)).isEqualTo(estimate);
    for (int i = 0; i < 100; i++) {
      pace.add(second(60), second(240));
    }
    assertThat(pace.of(estimate).toMillis()).isCloseTo(4 * estimate.toMillis(), within(10L));
    Duration rest = pace.of(estimate).multipliedBy(Tiers.REST);
    List<SmallFile> early = List.of(file(MIB, rest.minusMillis(1)), file(MIB, Duration.ZERO));
    List<SmallFile> later = List.of(file(MIB, rest), file(MIB, Duration.ZERO));
    assertThat(new Tiers(pace).toMerge(early, file -> file)).isEmpty();
    assertThat(new Tiers(pace).toMerge(later, file -> file)).hasSize(2);
    List<SmallFile> many = Collections.nCopies(40, file(1_000, second(100)));
    assertThat(new Tiers(pace).toMerge(many, file -> file)).hasSizeGreaterThan(Tiers.MANY);
  }

  @Test
  void aFastMachineIsNotReliedUpon() {
    Pace pace = new Pace();
    pace.add(second(1_000), Duration.ZERO);
    assertThat(pace.of(second(2))).isEqualTo(second(1));
  }

  /** By a clock that goes on by a second at each look; of the waits nothing is remembered. */
  @Test
  void aRunRemembersHowLongTheOneBeforeTook() {
    CompactionFixture lake = with(1_000, folder, 3);
    AtomicReference<Instant> time = new AtomicReference<>(Instant.now().plusSeconds(100));
    InstantSource clock = () -> time.updateAndGet(now -> now.plusSeconds(1));
    Pacer waiting = () -> time.updateAndGet(now -> now.plus(Duration.ofHours(1)));
    Compaction slow = Compaction.of("shop.orders", TIERED, Progress.NONE, waiting);
    deleteSome(lake, 0, 200);
    assertThat(slow.run(lake.table(), clock).isNothing()).isFalse();

    deleteSome(lake, 200, 400);
    Instant now = Instant.ofEpochMilli(lake.table().currentSnapshot().timestampMillis());
    assertThat(slow.run(lake.table(), () -> now.plusSeconds(5)).isNothing()).isTrue();
    assertThat(run(lake, now.plusSeconds(5)).isNothing()).isFalse();

    deleteSome(lake, 400, 600);
    assertThat(slow.run(lake.table(), () -> now.plusSeconds(60)).isNothing()).isFalse();
  }

  private static void deleteSome(CompactionFixture lake, int from, int to) {
    lake.commit(IntStream.range(from, to).mapToObj(lake::delete).toArray(RowChange[]::new));
  }

  private static SmallFile narrow(Duration age) {
    return new SmallFile(1_000_000, MIB, 0, age, age);
  }

  @Test
  void aLittleIsNotMergedIntoMuch() {
    Duration hour = Duration.ofHours(1);
    SmallFile large = file(80 * MIB, hour);
    SmallFile little = file(10 * MIB, second(20));
    SmallFile more = file(20 * MIB, second(20));
    assertThat(chosen(large, little)).isEmpty();
    assertThat(chosen(large, more)).hasSize(2);
  }

  @Test
  void manyFilesAreMergedWithoutTheLargeOne() {
    List<SmallFile> files = new ArrayList<>(Collections.nCopies(8, file(1_000, second(20))));
    files.add(file(80 * MIB, Duration.ofHours(1)));
    assertThat(chosen(files.toArray(SmallFile[]::new))).hasSize(8).doesNotContain(files.getLast());
  }

  @Test
  void whatIsLeftIsMergedWhenNothingHasChangedForLong() {
    Duration quiet = Tiers.cost(2, 0, 81 * MIB).multipliedBy(Tiers.QUIET);
    SmallFile large = file(80 * MIB, Duration.ofDays(1));
    assertThat(chosen(large, file(MIB, quiet.minusMillis(1)))).isEmpty();
    assertThat(chosen(large, file(MIB, quiet))).hasSize(2);
  }

  @Test
  void aDeleteIsAChangeToo() {
    Duration day = Duration.ofDays(1);
    assertThat(chosen(new SmallFile(0, MIB, 0.1, day, Duration.ZERO))).isEmpty();
    assertThat(chosen(new SmallFile(0, MIB, 0.1, day, day))).hasSize(1);
    assertThat(chosen(new SmallFile(0, MIB, 0.2, day, Duration.ZERO))).hasSize(1);
    assertThat(chosen(file(MIB, day))).isEmpty();
  }

  @Test
  void partitionsShareTheTimeThatATableGets() {
    Duration rest = Tiers.cost(2, 0, 20 * MIB).multipliedBy(Tiers.REST);
    List<SmallFile> partition = List.of(file(10 * MIB, rest), file(10 * MIB, rest));
    Tiers tiers = new Tiers(new Pace());
    assertThat(tiers.toMerge(partition, file -> file)).hasSize(2);
    assertThat(tiers.toMerge(partition, file -> file)).isEmpty();
  }

  /**
   * An hour of inserts and of updates, looked at every ten seconds. Each tier takes a twentieth of
   * the time, and there are three; files stay few, and of the rows that are read few are deleted.
   */
  @Test
  void besideAWriterFilesStayFewAndLittleTimeIsSpent() {
    System.out.printf("TestTiers: seed %d (-Dfirn.seed=%d)%n", SEED, SEED);
    SplittableRandom random = new SplittableRandom(SEED);
    List<SmallFile> files = new ArrayList<>(List.of(file(60 * MIB, Duration.ofDays(1))));
    Duration spent = Duration.ZERO;
    Duration look = second(10);
    for (int time = 0; time < 3_600; time += 10) {
      files.replaceAll(aged(look));
      for (int commit = 0; commit < 20; commit++) {
        Duration age = Duration.ofMillis(500L * (20 - commit));
        files.add(file(random.nextLong(5_000, 200_000), age));
        files.replaceAll(file -> deleted(file, 0.0005));
      }
      List<SmallFile> merged = new Tiers(new Pace()).toMerge(files, file -> file);
      if (!merged.isEmpty()) {
        spent = spent.plus(Tiers.cost(merged.size(), 0, bytes(merged)));
        long live = (long) merged.stream().mapToDouble(TestTiers::liveBytes).sum();
        files.removeAll(List.copyOf(merged));
        files.add(file(live, Duration.ZERO));
      }
      assertThat(files).as("at %d s", time).hasSizeLessThan(4 * Tiers.MANY);
      double live = files.stream().mapToDouble(TestTiers::liveBytes).sum();
      assertThat(live / bytes(files)).as("live share at %d s", time).isGreaterThan(0.7);
    }
    assertThat(spent).isLessThan(Duration.ofHours(3).dividedBy(Tiers.REST));

    Duration rest = Tiers.cost(files.size(), 0, bytes(files)).multipliedBy(Tiers.REST);
    files.replaceAll(aged(rest));
    assertThat(new Tiers(new Pace()).toMerge(files, file -> file)).hasSameSizeAs(files);
  }

  @Test
  void whereMuchIsDeletedAFileIsWrittenAgainAlone() {
    CompactionFixture lake = with(1_000, folder, 3);
    lake.commit(IntStream.range(0, 200).mapToObj(lake::delete).toArray(RowChange[]::new));
    Instant now = Instant.now();

    assertThat(run(lake, now).isNothing()).isTrue();
    assertThat(run(lake, now.plusSeconds(5)).deletedRowsRemoved()).isEqualTo(200);
    assertThat(lake.table().currentSnapshot().summary())
        .containsEntry("firn.compaction.mode", "tiered");
  }

  @Test
  void ofAnExpiredSnapshotTheNextTellsTheAge() {
    CompactionFixture lake = with(1, folder, 3);
    lake.commit(lake.insert(1, "first"));
    lake.commit(lake.insert(2, "first"));
    lake.table().expireSnapshots().expireOlderThan(System.currentTimeMillis()).commit();
    Instant last = Instant.ofEpochMilli(lake.table().currentSnapshot().timestampMillis());

    Ages ages = new Ages(lake.table(), last.plusSeconds(7));

    Set<Long> kept = new HashSet<>();
    lake.table().snapshots().forEach(snapshot -> kept.add(snapshot.sequenceNumber()));
    assertThat(lake.files())
        .filteredOn(file -> !kept.contains(file.file().fileSequenceNumber()))
        .isNotEmpty()
        .allMatch(file -> ages.of(file.file()).equals(second(7)));
  }

  @Test
  void besideAWriterTheTableStaysTheSame() {
    CompactionFixture lake = with(50, folder, 3);
    SplittableRandom random = new SplittableRandom(SEED);
    int next = 50;
    for (int step = 0; step < 25; step++) {
      lake.commit(lake.insert(next++, "first"), lake.update(random.nextInt(40), "at " + step));
      Map<Integer, String> before = lake.rows();
      run(lake, Instant.now().plusSeconds(random.nextInt(20)));
      assertThat(lake.rows()).isEqualTo(before);
    }
    run(lake, Instant.now().plusSeconds(1_000));
    assertThat(lake.files()).hasSize(1);
  }

  private static SmallFile file(long bytes, Duration age) {
    return new SmallFile(0, bytes, 0, age, age);
  }

  private static Duration second(int seconds) {
    return Duration.ofSeconds(seconds);
  }

  private static UnaryOperator<SmallFile> aged(Duration by) {
    return file ->
        new SmallFile(
            file.rows(),
            file.bytes(),
            file.deletedFraction(),
            file.age().plus(by),
            file.unchanged().plus(by));
  }

  private static SmallFile deleted(SmallFile file, double more) {
    double fraction = Math.min(1, file.deletedFraction() + more);
    return new SmallFile(file.rows(), file.bytes(), fraction, file.age(), Duration.ZERO);
  }

  private static double liveBytes(SmallFile file) {
    return file.bytes() * (1 - file.deletedFraction());
  }

  private static long bytes(List<SmallFile> files) {
    return files.stream().mapToLong(SmallFile::bytes).sum();
  }

  private static List<SmallFile> chosen(SmallFile... files) {
    return new Tiers(new Pace()).toMerge(List.of(files), file -> file);
  }

  private static TableResult run(CompactionFixture lake, Instant now) {
    return Compaction.of("shop.orders", TIERED, Progress.NONE, Pacer.NONE)
        .run(lake.table(), () -> now);
  }
}
