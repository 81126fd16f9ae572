package dev.firn.ingest;

/** What a transaction at the source sees of all others. */
interface SourceView {
  /**
   * Whether it sees a transaction that has been committed.
   *
   * @param transaction as the log names it
   */
  boolean sees(String transaction);
}
