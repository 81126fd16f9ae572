package dev.firn.writer;

import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class TestCommitLoop {
  private static final CommitLoop.Settings AT_ONCE =
      new CommitLoop.Settings(Duration.ofMillis(1), 1_000_000);

  @TempDir private Path folder;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Recorder recorder = new Recorder();

  /** Keeps what the loop tells. */
  private static final class Recorder implements CommitLoop.Listener {
    private final List<CommittedBatch> batches = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<RuntimeException> failure = new CompletableFuture<>();

    @Override
    public void committed(CommittedBatch batch, Duration took) {
      batches.add(batch);
    }

    @Override
    public void failed(RuntimeException cause) {
      failure.complete(cause);
    }
  }

  @AfterEach
  void stopThreads() throws InterruptedException {
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  private CommitLoop start(WriterFixture lake) {
    return CommitLoop.start(lake.pipeline, AT_ONCE, threads, recorder);
  }

  @Test
  void closeCommitsAllThatIsComplete() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(lake);
    for (int i = 2; i < 50; i++) {
      loop.add(transaction(i, lake.insert(i, "v"), lake.update(1, "v" + i)));
    }
    loop.close();
    assertThat(lake.rows()).hasSize(49).contains("1:v49");
    assertThat(loop.committed()).contains(end(49));
    assertThat(loop.pendingBytes()).isZero();
    assertThat(loop.isVisible()).isTrue();
    assertThat(recorder.batches)
        .extracting(CommittedBatch::number)
        .isSorted()
        .doesNotHaveDuplicates();
  }

  @Test
  void budgetHoldsTheSourceBack() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop =
        CommitLoop.start(
            lake.pipeline, new CommitLoop.Settings(Duration.ofHours(1), 1_000), threads, recorder);
    for (int i = 2; i < 200; i++) {
      loop.add(transaction(i, lake.insert(i, "v")));
      assertThat(loop.pendingBytes()).isLessThanOrEqualTo(1_000);
    }
    loop.close();
    assertThat(lake.rows()).hasSize(199);
  }

  @Test
  void largeTransactionComesAfterAllBeforeItAndBeforeAllAfterIt() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(lake);
    loop.add(transaction(2, lake.insert(2, "before")));
    LargeTransaction large = loop.beginLarge();
    assertThat(lake.rows()).containsExactly("1:first", "2:before");
    large.apply(lake.update(2, "large"));
    loop.finishLarge(large, end(3));
    loop.add(transaction(4, lake.update(2, "after")));
    loop.close();
    assertThat(lake.rows()).containsExactly("1:first", "2:after");
    assertThat(recorder.batches)
        .extracting(batch -> batch.end().position().toString())
        .containsExactly("2", "3", "4");
  }

  @Test
  void abandonedLargeTransactionLetsTheLoopGoOn() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(lake);
    LargeTransaction large = loop.beginLarge();
    large.apply(lake.insert(7, "never"));
    loop.abandonLarge(large);
    loop.add(transaction(2, lake.insert(2, "after")));
    LargeTransaction again = loop.beginLarge();
    again.apply(lake.insert(7, "again"));
    loop.finishLarge(again, end(3));
    loop.close();
    assertThat(lake.rows()).containsExactly("1:first", "2:after", "7:again");
  }

  @Test
  void quiescedPipelineIsTheCallersAlone() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(lake);
    loop.add(transaction(2, lake.insert(2, "before")));
    Optional<Position> position =
        loop.quiesce(pipeline -> {
          pipeline.note("quiet", "yes");
          assertThat(loop.progress().waiting()).isPresent();
          return pipeline.position();
        });
    assertThat(position).contains(end(2).position());
    assertThat(loop.progress().waiting()).isEmpty();
    LargeTransaction large = loop.beginLarge();
    large.apply(lake.insert(3, "large"));
    Optional<String> note = loop.quiesce(pipeline -> pipeline.note("quiet"));
    assertThat(note).contains("yes");
    loop.finishLarge(large, end(3));
    loop.close();
    assertThat(lake.rows()).containsExactly("1:first", "2:before", "3:large");
  }

  @Test
  void workWaitsFromItsTransactionsEndUntilItsCommit() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop =
        CommitLoop.start(
            lake.pipeline,
            new CommitLoop.Settings(Duration.ofHours(1), 1_000_000),
            threads,
            recorder);
    assertThat(loop.progress().waiting()).isEmpty();
    LargeTransaction large = loop.beginLarge();
    large.apply(lake.insert(2, "not complete"));
    assertThat(loop.progress().waiting()).isEmpty();
    loop.abandonLarge(large);
    loop.add(transaction(2, lake.insert(2, "v")));
    loop.abandonLarge(loop.beginLarge());
    assertThat(loop.progress().waiting()).isEmpty();
    loop.add(transaction(3, lake.insert(3, "held back for an hour")));
    assertThat(loop.progress().waiting()).isPresent();
    assertThat(loop.progress().pendingBytes()).isEqualTo(loop.pendingBytes());
    loop.close();
    assertThat(loop.progress().waiting()).isEmpty();
    assertThat(loop.progress().trouble()).isEmpty();
  }

  @Test
  void lookingAtAPipelineDoesNotTakeItOver() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(lake);
    long epoch = lake.pipeline.epoch();
    PipelineState seen = lake.look().orElseThrow();
    loop.add(transaction(2, lake.insert(2, "v")));
    loop.close();
    assertThat(seen.epoch()).isEqualTo(epoch);
    assertThat(seen.position()).isEqualTo("1");
    assertThat(lake.look().orElseThrow().batch()).isEqualTo(seen.batch() + 1);
    assertThat(lake.rows()).containsExactly("1:first", "2:v");
  }

  @Test
  void failureIsToldAndThrownToTheSource() throws Exception {
    WriterFixture old = WriterFixture.open(folder).started(1);
    CommitLoop loop = start(old);
    WriterFixture taker = WriterFixture.open(folder);
    loop.add(transaction(2, old.insert(2, "fenced")));
    assertThat(recorder.failure.get(30, TimeUnit.SECONDS)).isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> loop.add(transaction(3, old.insert(3, "fenced"))))
        .isInstanceOf(FencedException.class);
    loop.close();
    assertThat(loop.committed()).isEmpty();
    assertThat(taker.rows()).containsExactly("1:first");
  }
}
