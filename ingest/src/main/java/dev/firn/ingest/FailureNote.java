package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * What a pipeline leaves in its control table when it fails.
 *
 * @param epoch of the process that failed
 */
record FailureNote(long epoch, Instant at, String message) {
  static final String NAME = "last-failure";

  private static final int PARTS = 3;

  FailureNote {
    requireNonNull(at, "at is null");
    requireNonNull(message, "message is null");
  }

  String text() {
    return "%d %s %s".formatted(epoch, at, message);
  }

  /** Reads {@link #text}; empty when it is something else. */
  static Optional<FailureNote> parse(String text) {
    String[] parts = text.split(" ", PARTS);
    try {
      return parts.length == PARTS
          ? Optional.of(
              new FailureNote(Long.parseLong(parts[0]), Instant.parse(parts[1]), parts[2]))
          : Optional.empty();
    } catch (NumberFormatException | DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
