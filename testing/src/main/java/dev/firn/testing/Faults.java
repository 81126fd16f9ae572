package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.ServiceFailureException;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong in one process: at most one fault and one pause are armed at a time, and a
 * process that died does nothing more.
 */
public final class Faults {

  /** A fault that struck. */
  public record Strike(FaultPoint point, FaultKind kind) {
    @Override
    public String toString() {
      return "%s, %s".formatted(point, kind);
    }
  }

  private record Armed(FaultPoint point, FaultKind kind) {}

  private record Pause(FaultPoint point, Runnable meanwhile) {}

  private final FaultHits hits;
  private @Nullable Armed armed;
  private int passesBeforeFault;
  private @Nullable Pause pause;
  private int passesBeforePause;
  private @Nullable Strike struck;
  private Set<FaultPoint> out = Set.of();
  private int outFor;
  private boolean dead;
  private Consumer<String> witness = table -> {};

  public Faults(FaultHits hits) {
    this.hits = requireNonNull(hits, "hits is null");
  }

  /** A process in which nothing goes wrong. */
  public static Faults none() {
    return new Faults(new FaultHits());
  }

  /** Makes the step fail once, after it has been passed a number of times. */
  public synchronized void arm(FaultPoint point, FaultKind kind, int passesBefore) {
    if (!point.kinds().contains(kind)) {
      throw new IllegalArgumentException("%s cannot fail '%s'".formatted(point, kind));
    }
    armed = new Armed(point, kind);
    passesBeforeFault = passesBefore;
    struck = null;
  }

  /** Runs something else right before the step happens, once, as if the process had been paused. */
  public synchronized void pauseBefore(FaultPoint point, int passesBefore, Runnable meanwhile) {
    pause = new Pause(point, meanwhile);
    passesBeforePause = passesBefore;
  }

  /** Lets somebody look at a table whenever its metadata was swapped, before anything else. */
  public synchronized void witness(Consumer<String> looks) {
    witness = looks;
  }

  /** Whether a fault is armed that has not struck yet. */
  public synchronized boolean isArmed() {
    return armed != null;
  }

  /**
   * Makes steps fail again and again, as in an outage: the next so many times that one is taken.
   */
  public synchronized void outage(Set<FaultPoint> points, int times) {
    out = Set.copyOf(points);
    outFor = times;
  }

  /** How many more steps of an outage are to fail. */
  public synchronized int outageLeft() {
    return outFor;
  }

  /** Takes back what has not struck yet, and forgets what has. */
  public synchronized void disarm() {
    outFor = 0;
    armed = null;
    pause = null;
    struck = null;
  }

  /** Forgets what has struck and takes a pause back; a fault that is armed stays so. */
  public synchronized void forget() {
    pause = null;
    struck = null;
  }

  /** The fault that struck since the last one was armed. */
  public synchronized Optional<Strike> struck() {
    return Optional.ofNullable(struck);
  }

  /** Ends the process: whatever it still tries throws {@link SimulatedCrash}. */
  public synchronized void kill() {
    dead = true;
  }

  public synchronized boolean isDead() {
    return dead;
  }

  /** Takes a step, unless a fault says otherwise. */
  <T extends @Nullable Object> T pass(FaultPoint point, String target, Supplier<T> step) {
    waitFor(point);
    FaultKind fault = strike(point);
    if (fault == FaultKind.CRASH_BEFORE) {
      throw crash(fault, point);
    }
    if (fault == FaultKind.CONFLICT) {
      throw new CommitFailedException("simulated: another was first at %s", target);
    }
    if (fault == FaultKind.BEFORE) {
      throw failure(point, "simulated failure before %s of %s".formatted(point, target));
    }
    T result = step.get();
    if (point.isCommit()) {
      witness().accept(target);
    }
    if (fault == FaultKind.CRASH_AFTER) {
      throw crash(fault, point);
    }
    if (fault == FaultKind.LOST_ANSWER) {
      throw new CommitStateUnknownException(
          new IOException("simulated: the answer of %s was lost".formatted(target)));
    }
    if (fault == FaultKind.AFTER) {
      throw failure(point, "simulated failure after %s of %s".formatted(point, target));
    }
    return result;
  }

  /** Throws if the process is dead. */
  synchronized void checkAlive() {
    if (dead) {
      throw new SimulatedCrash("the process is dead");
    }
  }

  private synchronized Consumer<String> witness() {
    return witness;
  }

  private void waitFor(FaultPoint point) {
    Runnable meanwhile = takePause(point);
    if (meanwhile != null) {
      meanwhile.run();
    }
  }

  private synchronized @Nullable Runnable takePause(FaultPoint point) {
    Pause current = pause;
    if (current == null || !current.point().covers(point) || passesBeforePause-- > 0) {
      return null;
    }
    pause = null;
    return current.meanwhile();
  }

  private synchronized @Nullable FaultKind strike(FaultPoint point) {
    checkAlive();
    hits.passed(point);
    if (outFor > 0 && out.stream().anyMatch(some -> some.covers(point))) {
      outFor--;
      return FaultKind.BEFORE;
    }
    Armed current = armed;
    if (current == null || !current.point().covers(point) || passesBeforeFault-- > 0) {
      return null;
    }
    armed = null;
    struck = new Strike(point, current.kind());
    hits.struck(point, current.kind());
    return current.kind();
  }

  private SimulatedCrash crash(FaultKind kind, FaultPoint point) {
    kill();
    return new SimulatedCrash("%s %s".formatted(kind, point));
  }

  private static RuntimeException failure(FaultPoint point, String message) {
    return point.isCommit()
        ? new ServiceFailureException("%s", message)
        : new UncheckedIOException(new IOException(message));
  }
}
