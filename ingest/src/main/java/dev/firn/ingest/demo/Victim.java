package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import dev.firn.ingest.StepsFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A sink that is tortured: its process, which is started again when killed, and what it is at. */
final class Victim implements AutoCloseable {
  private static final Duration READY_WITHIN = Duration.ofMinutes(2);

  private static final Pattern FENCED = Pattern.compile("was taken over by \\S+:(\\d+) \\(epoch");

  private final SinkProcess sink;
  private final StepsFile steps;
  private int kills;

  private Victim(SinkProcess sink, StepsFile steps) {
    this.sink = sink;
    this.steps = steps;
  }

  /**
   * Starts a sink.
   *
   * @param program the application, and the options of its JVM
   * @param number tells its files from those of the others of this folder
   * @param ends those that nobody has caused
   */
  static Victim start(
      Program program, DemoFolder folder, int number, Consumer<SinkProcess.End> ends) {
    Path stepsFile = folder.root().resolve("steps-" + number);
    StepsFile steps = StepsFile.open(stepsFile);
    SinkProcess.Settings process =
        new SinkProcess.Settings(
            program.with(StepsFile.option(stepsFile)),
            folder.config(),
            folder.root().resolve("logs").resolve("ingest-%d.log".formatted(number)),
            folder.root().resolve("ingest-%d.pid".formatted(number)));
    Consumer<SinkProcess.End> ended =
        end -> {
          if (!end.isKilled()) {
            ends.accept(end);
          }
        };
    return new Victim(SinkProcess.start(process, ended), steps);
  }

  SinkProcess sink() {
    return sink;
  }

  StepsFile steps() {
    return steps;
  }

  /** Kills it as {@code kill -9} does; returns when it is started again. */
  void kill() throws InterruptedException {
    kills++;
    long killed = sink.pid();
    sink.kill();
    while (sink.pid() == killed) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /** How often it was started again though it had not been killed. */
  int endedByItself() {
    return Math.max(0, sink.restarts() - kills);
  }

  /** Waits until its present process is in such a state. */
  void await(Predicate<StepsFile.Seen> state) throws InterruptedException {
    long start = System.nanoTime();
    StepsFile.Seen seen = steps.now();
    while (seen.pid() != sink.pid() || !state.test(seen)) {
      if (sink.failure().isPresent()) {
        throw sink.failure().orElseThrow();
      }
      if (System.nanoTime() - start > READY_WITHIN.toNanos()) {
        throw new CommandException(
            CommandException.FAILED,
            "the sink is at %s and goes no further; the end of its log:%n%s"
                .formatted(seen.steps(), sink.tail()));
      }
      TimeUnit.MILLISECONDS.sleep(5);
      seen = steps.now();
    }
  }

  /** The process that it says it was fenced by. */
  Optional<Long> fencedBy() {
    Matcher named = FENCED.matcher(sink.tail());
    return named.find() ? Optional.of(Long.valueOf(named.group(1))) : Optional.empty();
  }

  @Override
  public void close() {
    sink.close();
  }
}
