package dev.firn.testing.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.random.RandomGenerator;

/**
 * What the source keeps for its reader: whole transactions in commit order, from the confirmed
 * position on. As with PostgreSQL, what was confirmed is not sent again on request; a little of it
 * may come all the same.
 */
final class ReplicationSlot {
  private final ModelSource source;
  private final RandomGenerator random;
  private ModelPosition confirmed;

  ReplicationSlot(ModelSource source, RandomGenerator random) {
    this.source = source;
    this.random = random;
    this.confirmed = source.end();
  }

  ModelPosition confirmed() {
    return confirmed;
  }

  /** The reader has no need of anything up to there any more. */
  void confirm(ModelPosition position) {
    if (position.isAfter(confirmed)) {
      confirmed = position;
    }
  }

  /** Where the source's log ends now. */
  ModelPosition end() {
    return source.end();
  }

  /** Starts to send, to a reader that asks for what comes after a position. */
  Stream stream(ModelPosition asked) {
    ModelPosition from = confirmed;
    if (asked.isAfter(confirmed) && random.nextBoolean()) {
      from = asked;
    } else if (!asked.isAfter(confirmed) && random.nextInt(8) == 0) {
      from = new ModelPosition(Math.max(0, confirmed.at() - random.nextInt(60)));
    }
    return new Stream(from);
  }

  /** The transactions from a position on, also those that come later. */
  final class Stream {
    private ModelPosition sent;
    private final Deque<ModelTransaction> next = new ArrayDeque<>();

    private Stream(ModelPosition from) {
      this.sent = from;
    }

    /** Takes the next transaction, making the source commit one if there is none. */
    ModelTransaction take(int changesOfNewTransaction) {
      if (next.isEmpty() && !source.end().isAfter(sent)) {
        source.transact(changesOfNewTransaction);
      }
      if (next.isEmpty()) {
        next.addAll(source.after(sent));
      }
      ModelTransaction transaction = next.remove();
      sent = transaction.end();
      return transaction;
    }

    boolean isAtEnd() {
      return !source.end().isAfter(sent);
    }
  }
}
