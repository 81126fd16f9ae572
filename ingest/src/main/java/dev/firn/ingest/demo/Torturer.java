package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.StepsFile;
import dev.firn.ingest.demo.TorturePlan.Attack;
import dev.firn.ingest.demo.TorturePlan.Kind;
import dev.firn.ingest.demo.TortureReport.Hit;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Kills, pauses and terminates the sink, and notes what it was at. */
final class Torturer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration FENCED_WITHIN = Duration.ofSeconds(60);

  /** A moment is chosen within so long; the initial snapshot lasts longer than its part. */
  private static final int MOMENT_MILLIS = 1000;

  private static final int SNAPSHOT_MILLIS = 2000;

  private final TortureSettings settings;
  private final DemoFolder folder;
  private final Shop shop;
  private final Consumer<String> lines;
  private final SplittableRandom random;
  private final Signals signals = Signals.open();
  private final Marksman marksman = new Marksman(signals);
  private final List<Hit> hits = new ArrayList<>();
  private final long start = System.nanoTime();
  private Victim victim;
  private int victims;
  private int endedByThemselves;

  Torturer(TortureSettings settings, DemoFolder folder, Shop shop, Consumer<String> lines) {
    this.settings = settings;
    this.folder = folder;
    this.shop = shop;
    this.lines = lines;
    this.random = new SplittableRandom(settings.seed());
    this.victim = start();
  }

  private Victim start() {
    return Victim.start(
        settings.program(), folder, ++victims, end -> lines.accept("  !         " + end));
  }

  List<Hit> hits() {
    return hits;
  }

  SinkProcess sink() {
    return victim.sink();
  }

  /** How many processes ended though nothing was done to them. */
  int endedByThemselves() {
    return endedByThemselves + victim.endedByItself();
  }

  double second() {
    return Math.round((System.nanoTime() - start) / 1e8) / 10.0;
  }

  /** Returns when the initial snapshot is over, and the sink is not starting. */
  void awaitStreaming() throws InterruptedException {
    victim.await(seen -> !Phase.START.isIn(seen) && !Phase.SNAPSHOT.isIn(seen));
  }

  void attack(Attack attack) throws InterruptedException, SQLException {
    if (attack.phase() == Phase.SNAPSHOT) {
      victim.await(Phase.SNAPSHOT::isIn);
      TimeUnit.MILLISECONDS.sleep(random.nextInt(SNAPSHOT_MILLIS));
    } else {
      awaitStreaming();
      TimeUnit.MILLISECONDS.sleep(random.nextInt(MOMENT_MILLIS));
    }
    long pid = victim.sink().pid();
    StepsFile.Edge edge = random.nextBoolean() ? StepsFile.Edge.BEGIN : StepsFile.Edge.END;
    StepsFile.Seen seen =
        attack.kind() == Kind.PAUSE
            ? marksman.catchWithoutLock(folder, attack.phase(), edge, pid, victim.steps(), PATIENCE)
            : marksman.catchIn(attack.phase(), edge, pid, victim.steps(), PATIENCE);
    if (seen.pid() != pid) {
      throw new CommandException(
          CommandException.FAILED,
          "the sink has ended by itself; the end of its log:%n%s".formatted(sink().tail()));
    }
    switch (attack.kind()) {
      case KILL -> {
        victim.kill();
        note(attack, seen, null, null);
      }
      case PAUSE -> replace(attack, seen, pid);
      case TERMINATE -> terminate(attack, seen, pid);
    }
  }

  /** Another one takes the place of one that stands still, and then that one goes on. */
  private void replace(Attack attack, StepsFile.Seen seen, long pid)
      throws InterruptedException, SQLException {
    Victim replaced = victim;
    try {
      disconnect();
      victim = start();
      victim.await(state -> !Phase.START.isIn(state));
      signals.resume(pid);
      OptionalInt code = replaced.sink().awaitEnd(FENCED_WITHIN);
      note(
          attack,
          seen,
          code.isPresent() ? code.orElseThrow() : null,
          replaced.fencedBy().filter(fencer -> fencer == victim.sink().pid()).orElse(null));
    } finally {
      signals.resume(pid);
      retire(replaced);
    }
  }

  private void retire(Victim last) {
    endedByThemselves += last.endedByItself();
    last.close();
  }

  /**
   * What the network does to a machine that is gone: a slot is free for the next one, and no table
   * is locked by a reading for which an ALTER TABLE waits, and the next one for that.
   */
  private void disconnect() throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(TortureSql.of(shop).disconnect());
    }
  }

  private void terminate(Attack attack, StepsFile.Seen seen, long pid) {
    // It waits for the process to go on: so it comes exactly here.
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
    signals.resume(pid);
    int code = victim.sink().stop();
    note(attack, seen, code, null);
    retire(victim);
    victim = start();
  }

  private void note(
      Attack attack, StepsFile.Seen seen, @Nullable Integer exitCode, @Nullable Long fencedBy) {
    Hit hit =
        new Hit(
            second(),
            attack.kind(),
            attack.phase(),
            Phase.of(seen, attack.phase()),
            seen.steps(),
            seen.committed(),
            seen.all(),
            exitCode,
            fencedBy);
    hits.add(hit);
    lines.accept(line(hit));
  }

  private String line(Hit hit) {
    long kills = hits.stream().filter(h -> h.kind() == Kind.KILL).count();
    String what =
        switch (hit.kind()) {
          case KILL -> "kill " + kills;
          case PAUSE -> "pause";
          case TERMINATE -> "SIGTERM";
        };
    return String.format(
            Locale.ROOT,
            "  %6.1f s   %-8s  %-16s  %s",
            hit.second(),
            what,
            hit.phase().text(),
            more(hit))
        .stripTrailing();
  }

  private static String more(Hit hit) {
    return switch (hit.kind()) {
      case KILL ->
          hit.tablesOfBatch() > 0
              ? "%d of %d tables committed".formatted(hit.tablesCommitted(), hit.tablesOfBatch())
              : hit.steps().stream()
                  .map(Phase::text)
                  .filter(step -> !step.equals(hit.phase().text()))
                  .collect(Collectors.joining(" and ", "", ""));
      case PAUSE ->
          hit.exitCode() == null
              ? "replaced, went on, and DID NOT END"
              : "replaced, went on: exit code %d, fenced by %s"
                  .formatted(hit.exitCode(), hit.fencedBy());
      case TERMINATE -> "exit code " + hit.exitCode();
    };
  }

  @Override
  public void close() {
    victim.close();
    signals.close();
  }
}
