package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import org.apache.iceberg.catalog.TableIdentifier;

/**
 * A row change and the table it goes to.
 *
 * @param bytes an estimate of the memory that the change holds
 */
public record TableChange(TableIdentifier table, RowChange change, int bytes) {
  public TableChange {
    requireNonNull(table, "table is null");
    requireNonNull(change, "change is null");
  }

  /** Whether it is an event of which the table takes nothing. */
  boolean isWholeAside() {
    return change instanceof RowChange.Aside(SetAside what) && what.column().isEmpty();
  }
}
