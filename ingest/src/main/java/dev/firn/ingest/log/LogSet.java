package dev.firn.ingest.log;

/**
 * Transactions of a log that has several orders at once: one per server, redo thread or database.
 * Its text is what a position of it is written as.
 */
interface LogSet {
  /** Whether all transactions of another set are in this one. */
  boolean containsAll(LogSet other);
}
