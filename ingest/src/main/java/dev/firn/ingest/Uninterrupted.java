package dev.firn.ingest;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Runs commits for the engine's thread on others: that one is interrupted to stop it, and a commit
 * must go through.
 */
record Uninterrupted(CommitLoop loop, ExecutorService threads) {

  /** Waits for what must go through, and is interrupted only after it. */
  <V> V call(Callable<V> commit) {
    Future<V> future = threads.submit(commit);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new PipelineException("a commit failed", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The same when all that came before is committed and settled, and nothing else is. */
  <V> V callAlone(Function<Pipeline, V> commit) throws InterruptedException {
    return loop.quiesce(pipeline -> call(() -> commit.apply(pipeline)));
  }

  /** The same for what gives nothing back. */
  void runAlone(Consumer<Pipeline> commit) throws InterruptedException {
    boolean unused =
        callAlone(pipeline -> {
          commit.accept(pipeline);
          return true;
        });
  }
}
