package dev.firn.testing.simulation;

import dev.firn.writer.CommittedBatch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.TransactionEnd;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.iceberg.Table;

/**
 * An initial snapshot that a writer reads: at random moments what it has goes to the branches, and
 * readers of main must see nothing of it until it is published.
 */
final class FirstReading {
  private static final String BRANCH = "firn_snapshot";
  private static final int ROWS_BETWEEN_APPENDS = 40;

  private final WriterProcess process;
  private final LakeReader lake;
  private final EventLog log;
  private final RandomGenerator random;
  private final InitialSnapshot snapshot;
  private final Map<SourceTable, Long> mains;
  private final Map<SourceTable, Integer> rows = new EnumMap<>(SourceTable.class);

  FirstReading(WriterProcess process, LakeReader lake, EventLog log, RandomGenerator random) {
    this.process = process;
    this.lake = lake;
    this.log = log;
    this.random = random;
    this.snapshot = process.pipeline().initialSnapshot();
    this.mains = mains();
    checkBranches();
  }

  /** Reads a table, or the rest of it. */
  void read(SourceTable table, TableColumns columns, Collection<ModelRow> some) {
    for (ModelRow row : some) {
      snapshot.add(LakeReader.identifier(table), process.translation().row(columns, row));
      rows.merge(table, 1, Integer::sum);
      if (random.nextInt(ROWS_BETWEEN_APPENDS) == 0) {
        log.add("  appends to the branches");
        snapshot.append();
        if (random.nextInt(4) == 0) {
          checkBranches();
        }
      }
    }
  }

  CommittedBatch publish(TransactionEnd end) {
    log.add("%s publishes the initial snapshot", process);
    require(mains().equals(mains), "a table was published too early");
    CommittedBatch published = snapshot.publish(end);
    checkNoBranch();
    return published;
  }

  void abandon() {
    log.add("  and gives up");
    snapshot.abandon();
    checkNoBranch();
    require(mains().equals(mains), "an initial snapshot that was given up changed a table");
  }

  private Map<SourceTable, Long> mains() {
    Map<SourceTable, Long> newest = new EnumMap<>(SourceTable.class);
    for (SourceTable table : process.tables()) {
      newest.put(table, load(table).currentSnapshot().snapshotId());
    }
    return newest;
  }

  private void checkBranches() {
    require(mains().equals(mains), "readers see a part of the initial snapshot");
    for (SourceTable table : process.tables()) {
      Table loaded = load(table);
      int found = lake.rows(table, loaded, loaded.snapshot(BRANCH)).size();
      int expected = rows.getOrDefault(table, 0);
      require(
          found == expected,
          "the branch of %s has %d rows of %d".formatted(table, found, expected));
    }
  }

  private void checkNoBranch() {
    for (SourceTable table : process.tables()) {
      require(!load(table).refs().containsKey(BRANCH), "a branch is left in " + table);
    }
  }

  private Table load(SourceTable table) {
    return lake.load(table).orElseThrow();
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new InvariantViolation(message);
    }
  }
}
