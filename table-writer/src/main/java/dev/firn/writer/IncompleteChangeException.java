package dev.firn.writer;

import org.apache.iceberg.catalog.TableIdentifier;

/**
 * The source sent a change without a large value that did not change, and the row's last version is
 * not in the lake; the table has to be read again.
 */
final class IncompleteChangeException extends PipelineException {
  /** Why the table is read, for people. */
  static final String REASON =
      "a row changed whose last version the lake lacks, and not all of its values were sent";

  private static final long serialVersionUID = 1;

  IncompleteChangeException(TableIdentifier table) {
    super("table %s has to be read again: %s".formatted(table, REASON));
  }
}
