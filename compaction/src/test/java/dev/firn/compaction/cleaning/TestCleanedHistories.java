package dev.firn.compaction.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random histories: what is retained stays readable, and in the end nothing else is there. */
class TestCleanedHistories {
  private static final int STEPS = 16;

  @TempDir private Path folder;
  private final Cleaning cleaning = Cleaning.with(CleaningSettings.defaults());

  /** What each snapshot had when it was made. */
  private final Map<Long, Set<Long>> expected = new HashMap<>();

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private long nextId = 1;

  @ParameterizedTest
  @CsvSource({"2, 1", "3, 2", "3, 3"})
  void keepWhatIsRetainedAndNothingElse(int format, long seed) {
    CleaningFixture lake = CleaningFixture.at(folder, format);
    Random random = new Random(seed);
    lake.append(ids(random));
    for (int step = 0; step < STEPS; step++) {
      change(lake, random);
      lake.table.refresh();
      remember(lake);
      if (random.nextInt(3) == 0) {
        expire(lake, random);
      }
      if (random.nextInt(3) == 0) {
        now = now.plus(Duration.ofMinutes(random.nextInt(90)));
        assertThat(cleaning.sweep(lake.fresh(), now).notes()).isEmpty();
        assertThat(lake.stored()).as("step %d", step).containsAll(lake.reachable());
      }
    }
    cleaning.sweep(lake.table, now.plus(Duration.ofHours(2)));
    assertThat(contents(lake)).isEqualTo(retained(lake));
    assertThat(lake.stored()).isEqualTo(lake.reachable());
    assertThat(Unreachable.in(lake.table).files()).isZero();
  }

  private long[] ids(Random random) {
    return random.ints(2 + random.nextInt(4), 0, 1).mapToLong(unused -> nextId++).toArray();
  }

  private void change(CleaningFixture lake, Random random) {
    Table table = lake.table;
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> lake.append(ids(random));
      case 3, 4 -> delete(lake, random);
      case 5 -> lake.rewrite();
      case 6 ->
          table
              .newOverwrite()
              .overwriteByRowFilter(Expressions.alwaysTrue())
              .addFile(lake.write(CleaningFixture.rows(ids(random))))
              .commit();
      case 7 -> branch(lake, random);
      case 8 ->
          table
              .manageSnapshots()
              .createTag("tag" + nextId++, any(lake.snapshots(), random))
              .commit();
      default -> lake.statistics();
    }
  }

  /** At the first position of some files, or the second one where that is deleted. */
  private static void delete(CleaningFixture lake, Random random) {
    List<FileScanTask> files = lake.files();
    List<FileScanTask> some = files.stream().filter(file -> random.nextInt(3) > 0).toList();
    if (!some.isEmpty()) {
      lake.delete(some, random.nextInt(2));
    }
  }

  private void branch(CleaningFixture lake, Random random) {
    Optional<String> branch =
        lake.table.refs().keySet().stream().filter(name -> name.startsWith("branch")).findFirst();
    if (branch.isEmpty()) {
      lake.table.manageSnapshots().createBranch("branch" + nextId++, lake.head()).commit();
    } else if (random.nextInt(3) > 0) {
      lake.appendTo(branch.orElseThrow(), ids(random));
    } else {
      lake.table.manageSnapshots().removeBranch(branch.orElseThrow()).commit();
    }
  }

  private void remember(CleaningFixture lake) {
    for (long id : lake.snapshots()) {
      expected.computeIfAbsent(id, lake::ids);
    }
  }

  private static Map<Long, Set<Long>> contents(CleaningFixture lake) {
    Map<Long, Set<Long>> contents = new HashMap<>();
    lake.snapshots().forEach(id -> contents.put(id, lake.ids(id)));
    return contents;
  }

  private Map<Long, Set<Long>> retained(CleaningFixture lake) {
    Map<Long, Set<Long>> retained = new HashMap<>(expected);
    retained.keySet().retainAll(lake.snapshots());
    return retained;
  }

  private void expire(CleaningFixture lake, Random random) {
    Set<Long> named =
        lake.table.refs().values().stream()
            .map(SnapshotRef::snapshotId)
            .collect(Collectors.toSet());
    Set<Long> ids = new TreeSet<>();
    for (long id : lake.snapshots()) {
      if (!named.contains(id) && random.nextInt(2) == 0) {
        ids.add(id);
      }
    }
    cleaning.beforeExpiry(lake.fresh(), ids, now);
    if (random.nextInt(8) > 0) {
      lake.expire(ids);
    }
  }

  private static long any(Set<Long> ids, Random random) {
    return List.copyOf(ids).get(random.nextInt(ids.size()));
  }
}
