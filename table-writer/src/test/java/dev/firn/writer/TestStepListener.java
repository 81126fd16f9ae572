package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;

final class TestStepListener {
  private final List<String> told = new ArrayList<>();
  private final StepListener listener =
      new StepListener() {
        @Override
        public void entered(Step step) {
          told.add("+" + step);
        }

        @Override
        public void left(Step step) {
          told.add("-" + step);
        }

        @Override
        public void tables(int committed, int all) {
          told.add(committed + " of " + all);
        }
      };

  private static CommittedBatch.TableCommit made() {
    return new CommittedBatch.TableCommit(1, 1, 0, 0);
  }

  private void commit(List<Supplier<Optional<CommittedBatch.TableCommit>>> each) {
    Map<TableIdentifier, Supplier<Optional<CommittedBatch.TableCommit>>> commits =
        new LinkedHashMap<>();
    each.forEach(
        one -> commits.put(TableIdentifier.of(ORDERS.namespace(), "t" + commits.size()), one));
    var unused = new TableCommits(Runnable::run, listener).commit(BatchCommit.EACH, commits);
  }

  @Test
  void tablesAreCountedAsTheirCommitsLand() {
    commit(List.of(() -> Optional.of(made()), () -> Optional.of(made())));
    assertThat(told)
        .containsExactly(
            "0 of 2",
            "+STATE_COMMIT",
            "1 of 2",
            "-STATE_COMMIT",
            "+STATE_COMMIT",
            "2 of 2",
            "-STATE_COMMIT",
            "0 of 0");
  }

  @Test
  void tableThatABatchDoesNotChangeIsNotCounted() {
    commit(List.of(Optional::empty, () -> Optional.of(made())));
    assertThat(told).contains("0 of 1", "1 of 1").doesNotContain("1 of 2");
  }

  @Test
  void stepThatFailsIsLeft() {
    assertThatThrownBy(() ->
            listener.during(
                Step.FILES,
                () -> {
                  throw new IllegalStateException("no");
                }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(told).containsExactly("+FILES", "-FILES");
  }
}
