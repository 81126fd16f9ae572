package dev.firn.ingest;

import dev.firn.writer.CommitProgress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once in the log when commits stay away too long, and once when they come again. */
final class CommitAlarm {
  private static final Logger LOG = LoggerFactory.getLogger(CommitAlarm.class);

  private final Duration maxAge;
  private boolean isOn;

  CommitAlarm(Duration maxAge) {
    this.maxAge = maxAge;
  }

  /** Looks again. */
  void look(CommitProgress progress) {
    boolean isLate = Readiness.isLate(progress, maxAge);
    if (isLate && !isOn) {
      LOG.warn("{} (commit.max-age is {} s)", Readiness.lateness(progress), maxAge.toSeconds());
    } else if (!isLate && isOn) {
      LOG.info("commits go through again");
    }
    isOn = isLate;
  }

  boolean isOn() {
    return isOn;
  }
}
