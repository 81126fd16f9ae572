package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * The end of one source transaction.
 *
 * @param position where it ends; later transactions have later positions
 * @param committedAt when the source committed it
 * @param offset from where the source's reader resumes once all of it is in the lake
 */
public record TransactionEnd(Position position, Instant committedAt, SourceOffset offset) {
  public TransactionEnd {
    requireNonNull(position, "position is null");
    requireNonNull(committedAt, "committedAt is null");
    requireNonNull(offset, "offset is null");
  }
}
