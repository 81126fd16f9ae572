package dev.firn.compaction.retention;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Optional;

/**
 * A snapshot that stays until somebody removes the hold.
 *
 * @param name of the tag that pins it
 * @param reason why; empty: the table does not say
 * @param since when it was held; empty: the table does not say
 * @param by who did it; empty: the table does not say
 */
public record Hold(
    String name, long snapshotId, String reason, Optional<Instant> since, String by) {
  public Hold {
    requireNonNull(name, "name is null");
    requireNonNull(reason, "reason is null");
    requireNonNull(since, "since is null");
    requireNonNull(by, "by is null");
  }
}
