package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Lake;
import java.io.IOException;
import org.apache.iceberg.catalog.Catalog;

/** A catalog that a command has opened, until it is done with it. */
record OpenedCatalog(Catalog catalog) implements AutoCloseable {
  OpenedCatalog {
    requireNonNull(catalog, "catalog is null");
  }

  /**
   * @throws CommandException it cannot be closed
   */
  @Override
  public void close() {
    try {
      Lake.closing(catalog).close();
    } catch (IOException e) {
      throw new CommandException(
          CommandException.FAILED, "cannot close the catalog: " + e.getMessage(), e);
    }
  }
}
