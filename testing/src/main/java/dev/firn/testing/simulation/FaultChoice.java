package dev.firn.testing.simulation;

import dev.firn.testing.FaultKind;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.Faults;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Chooses which step shall fail, and how, of those that the writer is about to take. */
final class FaultChoice {
  private static final List<FaultPoint> FIRST_START =
      weighted(
          Map.of(
              FaultPoint.TABLE_CREATE, 3,
              FaultPoint.CONTROL_CREATE, 2,
              FaultPoint.SNAPSHOT_BEGIN, 3,
              FaultPoint.SNAPSHOT_APPEND, 2,
              FaultPoint.SNAPSHOT_PUBLISH, 2,
              FaultPoint.SNAPSHOT_DROP, 7,
              FaultPoint.CONTROL_SETTLE, 1));

  private static final List<FaultPoint> START =
      weighted(
          Map.of(
              FaultPoint.CONTROL_CLAIM, 3,
              FaultPoint.CLAIM_COMMIT, 3,
              FaultPoint.CONTROL_LOAD, 1,
              FaultPoint.CONTROL_SETTLE, 1,
              FaultPoint.TABLE_LOAD, 1,
              FaultPoint.READ, 1));

  private static final List<FaultPoint> COMPACTION =
      weighted(
          Map.of(
              FaultPoint.REWRITE_COMMIT, 4,
              FaultPoint.DATA_FILE_CLOSE, 1,
              FaultPoint.VECTOR_CLOSE, 1,
              FaultPoint.MANIFEST_CLOSE, 1,
              FaultPoint.METADATA_CLOSE, 1,
              FaultPoint.TABLE_LOAD, 1,
              FaultPoint.READ, 1));

  private static final List<FaultPoint> MAINTENANCE =
      weighted(
          Map.of(
              FaultPoint.RETENTION_COMMIT, 6,
              FaultPoint.REWRITE_COMMIT, 1,
              FaultPoint.DATA_FILE_CLOSE, 2,
              FaultPoint.METADATA_CLOSE, 2,
              FaultPoint.DELETE, 3,
              FaultPoint.TABLE_LOAD, 1,
              FaultPoint.READ, 1));

  /** All that happens when the tables are there, and more often what happens seldom. */
  private static final List<FaultPoint> STEP = weighted(stepWeights());

  private static Map<FaultPoint, Integer> stepWeights() {
    Map<FaultPoint, Integer> weights = new EnumMap<>(FaultPoint.class);
    FaultPoint.precise().forEach(point -> weights.put(point, FIRST_START.contains(point) ? 0 : 1));
    // by compactions and starts
    weights.put(FaultPoint.REWRITE_COMMIT, 0);
    weights.put(FaultPoint.RETENTION_COMMIT, 0);
    weights.put(FaultPoint.CONTROL_CLAIM, 0);
    weights.put(FaultPoint.CLAIM_COMMIT, 0);
    weights.put(FaultPoint.STATE_COMMIT, 2);
    weights.put(FaultPoint.CHANGELOG_COMMIT, 2);
    weights.put(FaultPoint.COLUMNS_COMMIT, 3);
    weights.put(FaultPoint.READING_COMMIT, 5);
    weights.put(FaultPoint.CONTROL_SETTLE, 2);
    weights.put(FaultPoint.VECTOR_CREATE, 2);
    weights.put(FaultPoint.VECTOR_CLOSE, 2);
    return weights;
  }

  private static List<FaultPoint> weighted(Map<FaultPoint, Integer> weights) {
    return Arrays.stream(FaultPoint.values())
        .flatMap(point -> Collections.nCopies(weights.getOrDefault(point, 0), point).stream())
        .toList();
  }

  private final RandomGenerator random;
  private final int percent;

  FaultChoice(RandomGenerator random, int percent) {
    this.random = random;
    this.percent = percent;
  }

  /** For the start that makes the tables and reads them for the first time, which comes once. */
  void beforeFirstStart(Faults faults) {
    arm(faults, random.nextInt(8) > 0 ? pick(FIRST_START) : pick(STEP));
  }

  void beforeStart(Faults faults) {
    if (random.nextInt(3) == 0) {
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
    if (random.nextInt(3) == 0) {
      arm(faults, pick(COMPACTION));
    }
  }

  void beforeMaintenance(Faults faults) {
    if (random.nextInt(2) == 0) {
      arm(faults, pick(MAINTENANCE));
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
          RETENTION_COMMIT,
          SNAPSHOT_DROP,
          DELETE ->
          1;
      case VECTOR_CREATE, VECTOR_CLOSE, TABLE_COMMIT, STATE_COMMIT, CHANGELOG_COMMIT -> 3;
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
