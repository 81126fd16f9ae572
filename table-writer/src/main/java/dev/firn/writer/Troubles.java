package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CommitTrials.NotCommittedException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What storage and catalog refuse for the time being: it is tried again as long as is set, and
 * until it goes through it can be told what fails, since when and why. For many threads.
 */
final class Troubles {
  private static final Logger LOG = LoggerFactory.getLogger(Troubles.class);

  /** As long as nothing has gone through the reason is more likely a setting than an outage. */
  private static final Duration AT_START = Duration.ofSeconds(5);

  private final Catalog catalog;
  private final PipelineSettings settings;
  private final Map<String, Trouble> byTable = new ConcurrentHashMap<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean running;

  private record Trouble(Instant since, int attempts, String reason) {
    static Trouble first(RuntimeException failure) {
      return new Trouble(
          Instant.now().truncatedTo(ChronoUnit.SECONDS), 1, Failures.reason(failure));
    }

    Trouble again(RuntimeException failure) {
      return new Trouble(since, attempts + 1, Failures.reason(failure));
    }

    @Override
    public String toString() {
      return attempts == 1
          ? "%s (since %s)".formatted(reason, since)
          : "%s (since %s, tried %d times)".formatted(reason, since, attempts);
    }
  }

  Troubles(Catalog catalog, PipelineSettings settings) {
    this.catalog = catalog;
    this.settings = settings;
  }

  /** From now on an outage may last as long as is set. */
  void running() {
    running = true;
  }

  /** What fails is tried once more, without a pause, and then no more. */
  void stop() {
    stopped.countDown();
  }

  /**
   * Does something to a table, again if need be.
   *
   * @param work may be done again after it failed
   * @throws PipelineException it failed for too long, or the table is not there any more
   */
  <R> R overcome(String name, Table table, Supplier<R> work) {
    Patience patience = running ? settings.patience() : settings.patience().atMost(AT_START);
    try {
      R done = patience.of(table).run(work, failure -> mayPass(name, failure), stopped);
      over(name);
      return done;
    } catch (NotCommittedException e) {
      throw end(name, table, e.reason());
    } catch (RuntimeException e) {
      throw end(name, table, e);
    }
  }

  private boolean mayPass(String name, RuntimeException failure) {
    boolean may = Failures.mayPass(failure);
    if (may) {
      failed(name, failure instanceof NotCommittedException e ? e.reason() : failure);
    }
    return may;
  }

  /** Notes a failure that may pass; what failed will be done again. */
  void failed(String name, RuntimeException failure) {
    Trouble now =
        requireNonNull(
            byTable.merge(
                name, Trouble.first(failure), (trouble, first) -> trouble.again(failure)));
    if (now.attempts() == 1) {
      LOG.warn("table {}: {}; trying again", name, now.reason());
    } else {
      LOG.debug("table {}: {}", name, now);
    }
  }

  private void over(String name) {
    Trouble trouble = byTable.remove(name);
    if (trouble != null) {
      LOG.info("table {}: goes on after {}", name, trouble);
    }
  }

  private RuntimeException end(String name, Table table, RuntimeException failure) {
    Trouble trouble = byTable.get(name);
    if (Failures.mayPass(failure) && trouble != null) {
      return new PipelineException(
          "the lake's storage or catalog failed for table %s: %s; nothing is lost: mend it and start again"
              .formatted(name, trouble),
          failure);
    }
    return switch (failure) {
      case FencedException e -> e;
      case PipelineException e -> e;
      case Head.ForeignCommitException e -> e;
      default ->
          Missing.of(name, table, catalog, settings).<RuntimeException>map(e -> e).orElse(failure);
    };
  }

  /** One table and what hinders it; empty when nothing is known to hinder any. */
  Optional<String> any() {
    return byTable.entrySet().stream()
        .map(e -> "table %s: %s".formatted(e.getKey(), e.getValue()))
        .min(String::compareTo);
  }
}
