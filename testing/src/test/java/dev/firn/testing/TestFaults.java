package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.junit.jupiter.api.Test;

class TestFaults {
  private final FaultHits hits = new FaultHits();
  private final Faults faults = new Faults(hits);
  private final List<String> done = new ArrayList<>();

  @Test
  void failsBeforeTheStepAndOnlyOnce() {
    faults.arm(FaultPoint.DATA_FILE_CLOSE, FaultKind.BEFORE, 1);

    take(FaultPoint.DATA_FILE_CLOSE);
    assertThatThrownBy(() -> take(FaultPoint.DATA_FILE_CLOSE))
        .isInstanceOf(UncheckedIOException.class);
    take(FaultPoint.DATA_FILE_CLOSE);

    assertThat(done).hasSize(2);
    assertThat(hits.passes(FaultPoint.DATA_FILE_CLOSE)).isEqualTo(3);
    assertThat(hits.strikes(FaultPoint.DATA_FILE_CLOSE, FaultKind.BEFORE)).isEqualTo(1);
  }

  @Test
  void losesTheAnswerAfterTheStep() {
    faults.arm(FaultPoint.TABLE_COMMIT, FaultKind.LOST_ANSWER, 0);

    assertThatThrownBy(() -> take(FaultPoint.TABLE_COMMIT))
        .isInstanceOf(CommitStateUnknownException.class);

    assertThat(done).hasSize(1);
  }

  @Test
  void doesNothingAfterACrash() {
    faults.arm(FaultPoint.MANIFEST_CLOSE, FaultKind.CRASH_AFTER, 0);

    assertThatThrownBy(() -> take(FaultPoint.MANIFEST_CLOSE)).isInstanceOf(SimulatedCrash.class);
    assertThatThrownBy(() -> take(FaultPoint.READ)).isInstanceOf(SimulatedCrash.class);

    assertThat(done).hasSize(1);
    assertThat(faults.isDead()).isTrue();
  }

  @Test
  void runsSomethingElseRightBeforeAStep() {
    faults.pauseBefore(FaultPoint.TABLE_COMMIT, 1, () -> done.add("meanwhile"));

    take(FaultPoint.TABLE_COMMIT);
    take(FaultPoint.TABLE_COMMIT);
    take(FaultPoint.TABLE_COMMIT);

    assertThat(done).containsExactly("step", "meanwhile", "step", "step");
  }

  @Test
  void refusesAFaultThatCannotHappen() {
    assertThatThrownBy(() -> faults.arm(FaultPoint.READ, FaultKind.LOST_ANSWER, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("read");
  }

  private void take(FaultPoint point) {
    boolean unused = faults.pass(point, "something", () -> done.add("step"));
  }
}
