package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks every two seconds which tables the source has, and asks for those to be read that are new
 * or were made anew; on a thread of its own.
 */
final class TableWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TableWatch.class);
  private static final int LOOK_SECONDS = 2;

  /** How often the source is asked what has to be known. */
  private static final int LOOKS = 30;

  /**
   * A table of the source.
   *
   * @param isIdentified whether the log tells which row a change is about
   */
  record Seen(SourceTable table, long oid, boolean isIdentified) {}

  private final Source source;
  private final CapturedTables tables;
  private final Readings readings;
  private final SourceOids oids;
  private final Following following;
  private final BooleanSupplier follows;
  private final Consumer<PipelineException> failed;
  private final SignalFile signals;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("firn-tables-", 0).factory());
  private final Map<SourceTable, Long> asked = new HashMap<>();
  private final Set<SourceTable> unsupported = new HashSet<>();
  private final Set<SourceTable> leftOut = new HashSet<>();
  private final Set<SourceTable> dropped = new HashSet<>();
  private @Nullable SourceLook looking;

  /** The last reason that was told why the source's tables cannot be seen. */
  private String said = "";

  /** How many looks in a row showed nothing. */
  private int missed;

  /**
   * @param follows whether the log is followed: the publication is made before that
   * @param failed told when changes of a table are missing for good
   */
  TableWatch(
      Source source,
      CapturedTables tables,
      Readings readings,
      SourceOids oids,
      Following following,
      BooleanSupplier follows,
      Consumer<PipelineException> failed) {
    this.source = source;
    this.following = following;
    this.follows = follows;
    this.failed = failed;
    this.tables = tables;
    this.readings = readings;
    this.oids = oids;
    this.signals = new SignalFile(source.signalFile());
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  /** Looks now; what cannot be asked is asked again later. */
  synchronized void look() {
    try {
      tryToLook().ifPresent(this::say);
    } catch (PipelineException e) {
      failed.accept(e);
    }
  }

  /** A lost connection is said elsewhere, unless it is only here that it is lost every time. */
  private void say(Exception trouble) {
    missed++;
    boolean isSaidElsewhere = ConnectionLoss.isIn(trouble) && missed < LOOKS;
    if (!isSaidElsewhere && !ConnectionLoss.reason(trouble).equals(said)) {
      said = ConnectionLoss.reason(trouble);
      LOG.warn("cannot see which tables the source has, trying again: {}", said);
    }
  }

  /**
   * Looks now, and again for a minute while the source cannot be asked.
   *
   * @throws PipelineException changes of a table are missing, or the source cannot be asked
   */
  void requireLook() {
    Optional<Exception> trouble = tryToLook();
    for (int look = 1; look < LOOKS && trouble.isPresent() && pause(); look++) {
      trouble = tryToLook();
    }
    trouble.ifPresent(last -> {
      throw new PipelineException(
          "cannot see how the tables are published (%s), and without that the initial snapshot is not complete: start again, it is then read anew"
              .formatted(ConnectionLoss.reason(last)),
          last);
    });
  }

  /**
   * Looks now.
   *
   * @return why the source could not be asked
   * @throws PipelineException changes of a table are missing
   */
  private synchronized Optional<Exception> tryToLook() {
    try {
      lookOnce();
      missed = 0;
      said = "";
      return Optional.empty();
    } catch (SQLException | RuntimeException e) {
      if (isFinding(e)) {
        throw (PipelineException) e;
      }
      disconnect();
      asked.clear();
      return Optional.of(e);
    }
  }

  /** Whether it says what is wrong at the source, and not that the source could not be asked. */
  private static boolean isFinding(Exception e) {
    return e instanceof PipelineException && !(e.getCause() instanceof SQLException);
  }

  /**
   * Gives the source time, without keeping {@link #close} waiting.
   *
   * @return false when it is of no use any more
   */
  private boolean pause() {
    try {
      return !thread.awaitTermination(LOOK_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void lookOnce() throws SQLException {
    if (thread.isShutdown()) {
      return;
    }
    if (looking == null) {
      looking = source.look();
    }
    readings.forget(looking.view());
    List<Seen> seen = looking.tables();
    seen.forEach(this::look);
    if (follows.getAsBoolean()) {
      following.look(looking, captured(seen), true, readings::request);
    }
    for (SnapshotSignal signal : signals.take()) {
      signal.requests(tables.sources()).forEach(readings::request);
    }
    noteDropped(seen.stream().map(Seen::table).collect(Collectors.toSet()));
  }

  private List<Seen> captured(List<Seen> seen) {
    return seen.stream().filter(table -> tables.decoder(table.table()).isPresent()).toList();
  }

  private void look(Seen seen) {
    SourceTable table = seen.table();
    dropped.remove(table);
    if (tables.decoder(table).isEmpty()) {
      lookAtNew(seen);
      return;
    }
    if (oids.of(table).isEmpty()) {
      oids.put(table, seen.oid());
    }
    boolean isOther = oids.of(table).map(oid -> oid != seen.oid()).orElse(false);
    if (isOther && isNotAsked(seen)) {
      readings.request(new ReadingRequest(table, ReadingRequest.RECREATED, seen.oid()));
    }
  }

  private void lookAtNew(Seen seen) {
    SourceTable table = seen.table();
    if (unsupported.contains(table)) {
      return;
    }
    if (!tables.takes(seen)) {
      // In a publication its rows could neither be updated nor deleted any more.
      leaveOut(table, "it has neither a primary key nor REPLICA IDENTITY FULL");
      return;
    }
    try {
      if (isNotAsked(seen) && tables.find(table).isPresent()) {
        leftOut.remove(table);
        readings.request(new ReadingRequest(table, Readings.NEW, seen.oid()));
      }
    } catch (SettingsException e) {
      unsupported.add(table);
      leaveOut(table, e.getMessage() + "; the next start will name it and end");
    }
  }

  private boolean isNotAsked(Seen seen) {
    return !Long.valueOf(seen.oid()).equals(asked.put(seen.table(), seen.oid()));
  }

  private void leaveOut(SourceTable table, String why) {
    if (leftOut.add(table)) {
      LOG.warn("table {} is new at the source and left out: {}", table, why);
    }
  }

  private void noteDropped(Set<SourceTable> there) {
    for (TableDecoder decoder : tables.decoders()) {
      if (!there.contains(decoder.source()) && dropped.add(decoder.source())) {
        LOG.warn(
            "table {} was dropped at the source: {} in the lake stays as it is",
            decoder.source(),
            decoder.table());
      }
    }
  }

  private void disconnect() {
    if (looking != null) {
      looking.close();
      looking = null;
    }
  }

  @Override
  public synchronized void close() {
    thread.shutdownNow();
    disconnect();
  }
}
