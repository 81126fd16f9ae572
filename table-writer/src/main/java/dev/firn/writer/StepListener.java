package dev.firn.writer;

/**
 * Told what a pipeline is at. Called by its threads, several at a time and each in the middle of
 * its work: the work waits for it, and it must not throw.
 */
public interface StepListener {
  /** Listens to nothing. */
  StepListener NONE = new StepListener() {};

  default void entered(Step step) {}

  default void left(Step step) {}

  /**
   * How far the commit of a batch is.
   *
   * @param committed tables whose commit has landed
   * @param all tables that the batch changes; 0 when none is being committed
   */
  default void tables(int committed, int all) {}

  /** Does something that is such a step. */
  default void during(Step step, Runnable work) {
    entered(step);
    try {
      work.run();
    } finally {
      left(step);
    }
  }
}
