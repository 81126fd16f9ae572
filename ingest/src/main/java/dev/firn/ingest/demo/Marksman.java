package dev.firn.ingest.demo;

import dev.firn.ingest.StepsFile;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Catches a process in a phase: stops it (SIGSTOP) as soon as it seems to be there, looks, and lets
 * it go on if it has left. So what it is hit in is known, and not only meant.
 */
final class Marksman {
  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

  /** Every thread has taken notice of the signal by then. */
  private static final long STANDSTILL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final Signals signals;

  Marksman(Signals signals) {
    this.signals = signals;
  }

  /**
   * Stops a process in a phase; one that does not get there is stopped where it is. In a short one
   * it is asked to linger.
   *
   * @param edge of a short phase
   * @return what it is in as it stands still
   */
  StepsFile.Seen catchIn(
      Phase phase, StepsFile.Edge edge, long pid, StepsFile steps, Duration patience)
      throws InterruptedException {
    phase.shortStep().ifPresent(step -> steps.linger(step, edge));
    try {
      return catchIn(phase, pid, steps, patience);
    } finally {
      steps.goOn();
    }
  }

  /**
   * The same, in a place where it keeps no other process from committing: SQLite locks the whole
   * catalog for the moment of a write, and who stands still in that moment locks it for good.
   */
  StepsFile.Seen catchWithoutLock(
      DemoFolder folder,
      Phase phase,
      StepsFile.Edge edge,
      long pid,
      StepsFile steps,
      Duration patience)
      throws InterruptedException {
    StepsFile.Seen seen = catchIn(phase, edge, pid, steps, patience);
    while (!CatalogLock.isFree(folder)) {
      signals.resume(pid);
      seen = catchIn(phase, edge, pid, steps, patience);
    }
    return seen;
  }

  private StepsFile.Seen catchIn(Phase phase, long pid, StepsFile steps, Duration patience)
      throws InterruptedException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < patience.toNanos()) {
      StepsFile.Seen seen = steps.now();
      if (seen.pid() == pid && phase.isIn(seen)) {
        StepsFile.Seen standing = stop(pid, steps);
        if (phase.isIn(standing)) {
          return standing;
        }
        signals.resume(pid);
      }
      LockSupport.parkNanos(LOOK_NANOS);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    return stop(pid, steps);
  }

  private StepsFile.Seen stop(long pid, StepsFile steps) {
    signals.stop(pid);
    LockSupport.parkNanos(STANDSTILL_NANOS);
    return steps.now();
  }
}
