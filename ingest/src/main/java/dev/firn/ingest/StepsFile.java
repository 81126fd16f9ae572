package dev.firn.ingest;

import dev.firn.writer.Step;
import dev.firn.writer.StepListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A small file, mapped into memory, that tells what the pipeline of another process is at, down to
 * the moment of its death. Internal: written only when {@code -Dfirn.steps=FILE} is set.
 *
 * <p>It holds the writing process's id, how many tables of the present batch are committed (below)
 * of how many (above), the point at which it is asked to linger, and for each step how many threads
 * are in it.
 */
public final class StepsFile {
  private static final String PROPERTY = "firn.steps";

  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final VarHandle INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private static final Step[] STEPS = Step.values();
  private static final int PID = 0;
  private static final int TABLES = PID + Long.BYTES;
  private static final int LINGER = TABLES + Long.BYTES;
  private static final int FIRST_STEP = LINGER + Integer.BYTES;
  private static final int SIZE = FIRST_STEP + STEPS.length * Integer.BYTES;

  /** Long enough to be seen and stopped on a busy machine. */
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private final MappedByteBuffer bytes;

  private StepsFile(MappedByteBuffer bytes) {
    this.bytes = bytes;
  }

  /**
   * What it says at a moment.
   *
   * @param pid of the process that writes it; 0 before it enters its first step
   * @param steps those that some thread is in
   * @param committed tables of the present batch whose commit has landed
   * @param all tables that the present batch changes; 0 when none is being committed
   */
  public record Seen(long pid, Set<Step> steps, int committed, int all) {
    public Seen {
      EnumSet<Step> ordered = EnumSet.noneOf(Step.class);
      ordered.addAll(steps);
      steps = Collections.unmodifiableSet(ordered);
    }

    /** Whether a commit is over for some tables of a batch, but not for all. */
    public boolean isBetweenTables() {
      return committed > 0 && committed < all;
    }
  }

  /** An end of a step: before its work, or when that is done. */
  public enum Edge {
    BEGIN,
    END
  }

  /** Opens a file to look at; it is made when it is missing. */
  public static StepsFile open(Path file) {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return new StepsFile(channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot map " + file, e);
    }
  }

  /** The option that makes a JVM write this file. */
  public static String option(Path file) {
    return "-D%s=%s".formatted(PROPERTY, file.toAbsolutePath());
  }

  /** Writes what this process is at, if it was asked to. */
  static StepListener ofThisProcess() {
    String file = System.getProperty(PROPERTY);
    return file == null ? StepListener.NONE : open(Path.of(file)).written();
  }

  /** What it says now. */
  public Seen now() {
    EnumSet<Step> steps = EnumSet.noneOf(Step.class);
    for (Step step : STEPS) {
      if ((int) INTS.getVolatile(bytes, placeOf(step)) > 0) {
        steps.add(step);
      }
    }
    long tables = (long) LONGS.getVolatile(bytes, TABLES);
    return new Seen(
        (long) LONGS.getVolatile(bytes, PID), steps, (int) tables, (int) (tables >>> Integer.SIZE));
  }

  /** Asks the process to stay for a moment at an edge of a step, which may be over too soon. */
  public void linger(Step step, Edge edge) {
    INTS.setVolatile(bytes, LINGER, code(step, edge));
  }

  /** Asks for no more lingering. */
  public void goOn() {
    INTS.setVolatile(bytes, LINGER, 0);
  }

  @SuppressWarnings("EnumOrdinal") // both processes are of one build
  private static int code(Step step, Edge edge) {
    return 1 + step.ordinal() * Edge.values().length + edge.ordinal();
  }

  @SuppressWarnings("EnumOrdinal") // both processes are of one build
  private static int placeOf(Step step) {
    return FIRST_STEP + step.ordinal() * Integer.BYTES;
  }

  /** Writes it from now on, beginning with nothing. */
  StepListener written() {
    LONGS.setVolatile(bytes, PID, 0L);
    LONGS.setVolatile(bytes, TABLES, 0L);
    goOn();
    for (Step step : STEPS) {
      INTS.setVolatile(bytes, placeOf(step), 0);
    }
    return new Writer(ProcessHandle.current().pid());
  }

  private final class Writer implements StepListener {
    private final long pid;

    Writer(long pid) {
      this.pid = pid;
    }

    @Override
    public void entered(Step step) {
      add(step, 1);
      // Only now: a process in no step would seem to have nothing to do.
      LONGS.setVolatile(bytes, PID, pid);
      linger(code(step, Edge.BEGIN));
    }

    @Override
    public void left(Step step) {
      linger(code(step, Edge.END));
      add(step, -1);
    }

    private void linger(int here) {
      long start = System.nanoTime();
      while ((int) INTS.getVolatile(bytes, LINGER) == here
          && System.nanoTime() - start < LINGER_NANOS) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }

    private void add(Step step, int threads) {
      int ignored = (int) INTS.getAndAdd(bytes, placeOf(step), threads);
    }

    @Override
    public void tables(int committed, int all) {
      LONGS.setVolatile(bytes, TABLES, (long) all << Integer.SIZE | committed);
    }
  }
}
