package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.Step;
import dev.firn.writer.StepListener;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestStepsFile {
  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("steps");
  }

  @Test
  void anotherProcessSeesTheStepsUntilTheLastThreadLeaves() {
    StepsFile watched = StepsFile.open(file());
    assertThat(watched.now()).isEqualTo(new StepsFile.Seen(0, Set.of(), 0, 0));
    StepListener steps = StepsFile.open(file()).written();
    steps.entered(Step.STATE_COMMIT);
    steps.entered(Step.STATE_COMMIT);
    steps.entered(Step.DECODE);
    steps.left(Step.STATE_COMMIT);
    steps.tables(2, 5);
    long pid = ProcessHandle.current().pid();
    StepsFile.Seen seen = watched.now();
    assertThat(seen)
        .isEqualTo(new StepsFile.Seen(pid, Set.of(Step.STATE_COMMIT, Step.DECODE), 2, 5));
    assertThat(seen.isBetweenTables()).isTrue();
    steps.left(Step.STATE_COMMIT);
    steps.left(Step.DECODE);
    steps.tables(0, 0);
    assertThat(watched.now()).isEqualTo(new StepsFile.Seen(pid, Set.of(), 0, 0));
  }

  @Test
  void processLingersWhereItIsAsked() throws InterruptedException {
    StepsFile watched = StepsFile.open(file());
    StepListener steps = StepsFile.open(file()).written();
    watched.linger(Step.CONTROL_TABLE, StepsFile.Edge.END);
    Thread working =
        Thread.ofPlatform().start(() -> steps.during(Step.CONTROL_TABLE, () -> steps.tables(1, 1)));
    while (watched.now().committed() == 0) {
      Thread.onSpinWait();
    }
    assertThat(watched.now().steps()).containsExactly(Step.CONTROL_TABLE);
    watched.goOn();
    working.join();
    assertThat(watched.now().steps()).isEmpty();
  }

  @Test
  void nextProcessBeginsWithNothing() {
    StepListener dead = StepsFile.open(file()).written();
    dead.entered(Step.FILES);
    dead.tables(1, 2);
    assertThat(StepsFile.open(file()).now().steps()).containsExactly(Step.FILES);
    StepListener unused = StepsFile.open(file()).written();
    assertThat(StepsFile.open(file()).now()).isEqualTo(new StepsFile.Seen(0, Set.of(), 0, 0));
  }
}
