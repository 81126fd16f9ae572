package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Asks the source now and then what its replication slot holds back; on a thread that nothing else
 * waits for.
 */
final class SourceWatch {
  /**
   * What was seen last.
   *
   * @param slot empty when it was not there, or could not be asked for
   * @param isSlotExpected whether it had to be there
   * @param unreachable since when the source cannot be asked, and why
   */
  record Seen(
      Instant at,
      Optional<ReplicationSlot.State> slot,
      boolean isSlotExpected,
      Optional<SourceConnection.Loss> unreachable) {
    Seen {
      requireNonNull(at, "at is null");
      requireNonNull(slot, "slot is null");
      requireNonNull(unreachable, "unreachable is null");
    }

    /** Whether the slot has gone, and with it the log that was not read yet. */
    boolean isSlotGone() {
      return isSlotExpected && slot.isEmpty() && unreachable.isEmpty();
    }
  }

  private final PostgresSource source;
  private final BooleanSupplier expectsSlot;
  private volatile Seen seen = new Seen(Instant.now(), Optional.empty(), false, Optional.empty());

  /**
   * @param expectsSlot whether the slot must be there: it is made at the begin of a pipeline's life
   */
  SourceWatch(PostgresSource source, BooleanSupplier expectsSlot) {
    this.source = source;
    this.expectsSlot = expectsSlot;
  }

  Seen seen() {
    return seen;
  }

  void look() {
    boolean expected = expectsSlot.getAsBoolean();
    try (PostgresConnection connection = source.connectBriefly()) {
      Optional<ReplicationSlot.State> slot =
          new ReplicationSlot(source).state(connection.connection());
      seen = new Seen(Instant.now(), slot, expected, Optional.empty());
    } catch (SQLException | RuntimeException e) {
      Instant now = Instant.now();
      SourceConnection.Loss loss =
          new SourceConnection.Loss(
              seen.unreachable().map(SourceConnection.Loss::since).orElse(now),
              ConnectionLoss.reason(e));
      seen = new Seen(now, Optional.empty(), expected, Optional.of(loss));
    }
  }
}
