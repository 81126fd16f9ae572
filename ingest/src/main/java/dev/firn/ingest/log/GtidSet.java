package dev.firn.ingest.log;

/** The transactions of one or several servers, by their global ids. */
sealed interface GtidSet extends LogSet permits MySqlGtids, MariaDbGtids {
  /** Both sets' transactions. */
  GtidSet with(GtidSet other);

  /** Whether a reader that holds this set lacks nothing of the other one. */
  boolean covers(GtidSet other);

  /** As the server wants to be told what a reader has that holds this set. */
  String resuming();

  /** As the server wants to be told what a reader has that holds this set and then one more id. */
  String resumingAfter(String gtid);
}
