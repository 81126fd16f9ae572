package dev.firn.writer;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * Runs what is to be done to several tables, and waits for all of it.
 *
 * @param executor may run it in parallel
 * @param steps told how far the commits are
 */
record TableCommits(Executor executor, StepListener steps) {

  void runAll(List<Runnable> tasks) {
    join(tasks.stream().map(task -> CompletableFuture.runAsync(task, executor)).toList());
  }

  /**
   * Commits all tables; when some fail the others are let finish, then the first failure is thrown.
   */
  Map<TableIdentifier, CommittedBatch.TableCommit> commit(
      BatchCommit visible,
      Map<TableIdentifier, Supplier<Optional<CommittedBatch.TableCommit>>> commits) {
    Progress progress = new Progress(visible, commits.size());
    Map<TableIdentifier, CompletableFuture<Optional<CommittedBatch.TableCommit>>> running =
        new LinkedHashMap<>();
    commits.forEach((table, commit) ->
        running.put(
            table, CompletableFuture.supplyAsync(() -> progress.through(commit), executor)));
    try {
      join(running.values());
    } finally {
      steps.tables(0, 0);
    }
    Map<TableIdentifier, CommittedBatch.TableCommit> made = new LinkedHashMap<>();
    running.forEach((table, result) -> result.join().ifPresent(commit -> made.put(table, commit)));
    return made;
  }

  /** How many of a batch's tables are committed. */
  private final class Progress {
    private final BatchCommit visible;
    private int all;
    private int committed;

    Progress(BatchCommit visible, int all) {
      this.visible = visible;
      this.all = all;
      visible.begin(all);
      steps.tables(0, all);
    }

    Optional<CommittedBatch.TableCommit> through(
        Supplier<Optional<CommittedBatch.TableCommit>> commit) {
      steps.entered(Step.STATE_COMMIT);
      try {
        Optional<CommittedBatch.TableCommit> made = commit.get();
        visible.landed();
        ended(made.isPresent());
        return made;
      } catch (RuntimeException | Error e) {
        visible.failed(e);
        throw e;
      } finally {
        steps.left(Step.STATE_COMMIT);
      }
    }

    private synchronized void ended(boolean landed) {
      if (landed) {
        committed++;
      } else {
        all--;
      }
      steps.tables(committed, all);
    }
  }

  static void join(Collection<? extends CompletableFuture<?>> running) {
    try {
      CompletableFuture.allOf(running.toArray(CompletableFuture<?>[]::new)).join();
    } catch (CompletionException e) {
      rethrow(e);
    }
  }

  private static void rethrow(CompletionException failure) {
    switch (failure.getCause()) {
      case RuntimeException cause -> throw cause;
      case Error cause -> throw cause;
      case null, default -> throw failure;
    }
  }
}
