package dev.firn.testing.simulation;

import dev.firn.testing.FaultKind;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.Faults;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

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

  /** All that happens when the tables are there, and once more what happens seldom. */
  private static final List<FaultPoint> STEP =
      Stream.concat(
              FaultPoint.precise().stream()
                  .filter(
                      point -> !FIRST_START.contains(point) || point == FaultPoint.CONTROL_SETTLE)
                  .filter(point -> point != FaultPoint.REWRITE_COMMIT)
                  .filter(point ->
                      point != FaultPoint.CONTROL_CLAIM && point != FaultPoint.CLAIM_COMMIT),
              Stream.of(
                  FaultPoint.READING_COMMIT, FaultPoint.READING_COMMIT, FaultPoint.CONTROL_SETTLE))
          .toList();

  private final RandomGenerator random;
  private final int percent;

  FaultChoice(RandomGenerator random, int percent) {
    this.random = random;
    this.percent = percent;
  }

  /** For the start that makes the tables and reads them for the first time, which comes once. */
  void beforeFirstStart(Faults faults) {
    arm(faults, random.nextInt(4) > 0 ? pick(FIRST_START) : pick(STEP));
  }

  void beforeStart(Faults faults) {
    if (strikes()) {
      arm(faults, random.nextInt(3) > 0 ? pick(START) : pick(STEP));
    }
  }

  /** What has not struck yet may do so in a later step. */
  void beforeStep(Faults faults) {
    if (!faults.isArmed() && strikes()) {
      arm(faults, pick(STEP));
    }
  }

  void beforeCompaction(Faults faults) {
    if (strikes()) {
      arm(faults, pick(COMPACTION));
    }
  }

  private boolean strikes() {
    return random.nextInt(100) < percent;
  }

  private void arm(Faults faults, FaultPoint point) {
    List<FaultKind> kinds =
        Arrays.stream(FaultKind.values()).filter(point.kinds()::contains).toList();
    faults.arm(point, pick(kinds), random.nextInt(usualPasses(point)));
  }

  /** How often a step of the writer passes the point, about. */
  private static int usualPasses(FaultPoint point) {
    return switch (point) {
      case CONTROL_CREATE,
          CONTROL_CLAIM,
          CONTROL_SETTLE,
          CONTROL_COMMIT,
          CONTROL_LOAD,
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
          SNAPSHOT_DROP ->
          3;
      case DATA_FILE_CREATE, DATA_FILE_CLOSE, SNAPSHOT_BEGIN, SNAPSHOT_PUBLISH -> 4;
      case MANIFEST_LIST_CREATE,
          MANIFEST_LIST_CLOSE,
          METADATA_CREATE,
          METADATA_CLOSE,
          SNAPSHOT_APPEND ->
          5;
      case MANIFEST_CREATE, MANIFEST_CLOSE, TABLE_CREATE, TABLE_LOAD, CLAIM_COMMIT -> 8;
      case READ -> 50;
    };
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
