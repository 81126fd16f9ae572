package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/**
 * How the commit loop stands at one instant.
 *
 * @param pendingBytes estimated bytes added and not yet committed
 * @param waiting for how long whole transactions have waited without a commit of any; empty when
 *     none waits
 * @param trouble why the commit that runs did not go through so far
 */
public record CommitProgress(
    long pendingBytes, Optional<Duration> waiting, Optional<String> trouble) {
  public CommitProgress {
    requireNonNull(waiting, "waiting is null");
    requireNonNull(trouble, "trouble is null");
  }
}
