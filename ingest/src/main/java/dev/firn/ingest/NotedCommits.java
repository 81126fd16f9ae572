package dev.firn.ingest;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import java.time.Duration;

/** Notes each commit of a run in its progress and its log before it is told on. */
record NotedCommits(RunProgress progress, CommitLoop.Listener listener)
    implements CommitLoop.Listener {
  @Override
  public void committed(CommittedBatch batch, Duration took) {
    progress.committed(batch);
    CommitLog.log(batch, took);
    listener.committed(batch, took);
  }

  @Override
  public void failed(RuntimeException failure) {
    listener.failed(failure);
  }
}
