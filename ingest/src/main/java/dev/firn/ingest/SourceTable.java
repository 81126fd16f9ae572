package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

/** A table of the source: its schema and its name, as the source spells them. */
public record SourceTable(String schema, String name) {
  public SourceTable {
    requireNonNull(schema, "schema is null");
    requireNonNull(name, "name is null");
  }

  @Override
  public String toString() {
    return schema + "." + name;
  }
}
