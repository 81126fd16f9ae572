package dev.firn.ingest;

/**
 * Lets PostgreSQL forget its log while none of it is of a captured table.
 *
 * <p>The log is one for all databases and tables of a server, but what is not captured is not sent:
 * nothing comes that could be acknowledged, and the slot keeps all of it. So when there is much of
 * it, a transaction with nothing but a message is put into the log. Its end is acknowledged.
 */
final class IdleSource {
  /** A file of PostgreSQL's log, of which it removes whole ones only. */
  private static final int MUCH_BYTES = 16 << 20;

  /**
   * Run by Debezium with each heartbeat; needs no right but to connect. A standby cannot write, and
   * has no slot of which it would know the place of its own log.
   */
  static final String QUERY =
      """
      SELECT pg_logical_emit_message(true, 'firn-idle', '') FROM pg_replication_slots \
      WHERE slot_name = '${debezium.source.slot.name}' AND CASE WHEN pg_is_in_recovery() \
      THEN false ELSE pg_current_wal_lsn() - confirmed_flush_lsn > %d END\
      """
          .formatted(MUCH_BYTES);

  private IdleSource() {}
}
