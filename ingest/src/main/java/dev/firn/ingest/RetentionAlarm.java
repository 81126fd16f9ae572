package dev.firn.ingest;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once in the log when the source keeps much log for the slot, or is about to give the slot
 * up, and once when that is over.
 */
final class RetentionAlarm {
  private static final Logger LOG = LoggerFactory.getLogger(RetentionAlarm.class);

  private final String slot;
  private final long maxBytes;
  private boolean isMuch;
  private boolean isUnreserved;

  RetentionAlarm(String slot, long maxBytes) {
    this.slot = slot;
    this.maxBytes = maxBytes;
  }

  /** What is wrong with what a slot holds back, and what to do; empty: nothing. */
  static Optional<String> warning(String slot, ReplicationSlot.State state, long maxBytes) {
    if (state.isUnreserved()) {
      return Optional.of(
          "replication slot %s is about to lose its log: it is unreserved (max_slot_wal_keep_size), %s are kept for it; see why the pipeline does not keep up, or raise max_slot_wal_keep_size and reload the server, now"
              .formatted(slot, StatusReport.bytes(state.retainedBytes())));
    }
    return state.retainedBytes() > maxBytes
        ? Optional.of(
            "the source keeps %s of log for replication slot %s, more than %s%s=%s; see that the pipeline runs and keeps up, or the source's disk fills"
                .formatted(
                    StatusReport.bytes(state.retainedBytes()),
                    slot,
                    SinkSettings.PREFIX,
                    SourceAlarms.MAX_RETAINED,
                    StatusReport.bytes(maxBytes)))
        : Optional.empty();
  }

  /** Looks again. */
  void look(ReplicationSlot.State state) {
    boolean much = state.retainedBytes() > maxBytes;
    boolean unreserved = state.isUnreserved();
    if ((unreserved && !isUnreserved) || (much && !isMuch && !unreserved)) {
      warning(slot, state, maxBytes).ifPresent(LOG::warn);
    } else if (!unreserved && !much && (isUnreserved || isMuch)) {
      LOG.info(
          "the source keeps {} of log for replication slot {}: that is well again",
          StatusReport.bytes(state.retainedBytes()),
          slot);
    }
    isMuch = much;
    isUnreserved = unreserved;
  }
}
