package dev.firn.testing.simulation;

import dev.firn.testing.FaultKind;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.Faults;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Chooses which step shall fail, and how, of those that the writer is about to take. */
final class FaultChoice {
  private static final List<FaultPoint> FIRST_START =
      List.of(
          FaultPoint.TABLE_CREATE,
          FaultPoint.CONTROL_CREATE,
          FaultPoint.SNAPSHOT_BEGIN,
          FaultPoint.SNAPSHOT_APPEND,
          FaultPoint.SNAPSHOT_PUBLISH,
          FaultPoint.SNAPSHOT_DROP,
          FaultPoint.CONTROL_SETTLE);

  private static final List<FaultPoint> START =
      List.of(
          FaultPoint.CONTROL_CLAIM,
          FaultPoint.CONTROL_LOAD,
          FaultPoint.CONTROL_SETTLE,
          FaultPoint.CLAIM_COMMIT,
          FaultPoint.TABLE_LOAD,
          FaultPoint.READ);

  private static final List<FaultPoint> COMPACTION =
      List.of(
          FaultPoint.REWRITE_COMMIT,
          FaultPoint.REWRITE_COMMIT,
          FaultPoint.DATA_FILE_CLOSE,
          FaultPoint.VECTOR_CLOSE,
          FaultPoint.MANIFEST_CLOSE,
          FaultPoint.METADATA_CLOSE,
          FaultPoint.TABLE_LOAD,
          FaultPoint.READ);

  /** All that happens when the tables are there. */
  private static final List<FaultPoint> STEP =
      FaultPoint.precise().stream()
          .filter(point -> !FIRST_START.contains(point) || point == FaultPoint.CONTROL_SETTLE)
          .filter(point -> point != FaultPoint.REWRITE_COMMIT)
          .filter(point -> point != FaultPoint.CONTROL_CLAIM && point != FaultPoint.CLAIM_COMMIT)
          .toList();

  private final RandomGenerator random;
  private final int percent;

  FaultChoice(RandomGenerator random, int percent) {
    this.random = random;
    this.percent = percent;
  }

  /** For the start that makes the tables and reads them for the first time. */
  void beforeFirstStart(Faults faults) {
    if (strikes()) {
      // the initial snapshot takes many steps
      int longer = random.nextBoolean() ? 12 : 1;
      arm(faults, random.nextBoolean() ? pick(FIRST_START) : pick(STEP), longer);
    }
  }

  void beforeStart(Faults faults) {
    if (strikes()) {
      arm(faults, random.nextInt(3) > 0 ? pick(START) : pick(STEP), 1);
    }
  }

  /** What has not struck yet may do so in a later step. */
  void beforeStep(Faults faults) {
    if (!faults.isArmed() && strikes()) {
      arm(faults, pick(STEP), 1);
    }
  }

  void beforeCompaction(Faults faults) {
    if (strikes()) {
      arm(faults, pick(COMPACTION), 1);
    }
  }

  private boolean strikes() {
    return random.nextInt(100) < percent;
  }

  private void arm(Faults faults, FaultPoint point, int longer) {
    List<FaultKind> kinds =
        Arrays.stream(FaultKind.values()).filter(point.kinds()::contains).toList();
    faults.arm(point, pick(kinds), random.nextInt(longer * usualPasses(point)));
  }

  /** How often a step of the writer passes the point, about. */
  private static int usualPasses(FaultPoint point) {
    return switch (point) {
      case CONTROL_CREATE,
          CONTROL_CLAIM,
          CONTROL_SETTLE,
          CONTROL_COMMIT,
          CONTROL_LOAD,
          SNAPSHOT_DROP,
          COLUMNS_COMMIT,
          READING_COMMIT,
          REWRITE_COMMIT,
          DELETE ->
          1;
      case VECTOR_CREATE,
          VECTOR_CLOSE,
          TABLE_COMMIT,
          STATE_COMMIT,
          CHANGELOG_COMMIT,
          SNAPSHOT_APPEND,
          SNAPSHOT_BEGIN,
          SNAPSHOT_PUBLISH ->
          3;
      case DATA_FILE_CREATE, DATA_FILE_CLOSE, TABLE_CREATE -> 4;
      case MANIFEST_LIST_CREATE, MANIFEST_LIST_CLOSE, METADATA_CREATE, METADATA_CLOSE -> 5;
      case MANIFEST_CREATE, MANIFEST_CLOSE, TABLE_LOAD, CLAIM_COMMIT -> 8;
      case READ -> 50;
    };
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
