package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import org.apache.kafka.connect.data.Struct;

/** A table of the source: its schema and its name, as the source spells them. */
public record SourceTable(String schema, String name) {
  public SourceTable {
    requireNonNull(schema, "schema is null");
    requireNonNull(name, "name is null");
  }

  /** That of a change event, by its source block. */
  static SourceTable of(Struct source) {
    return new SourceTable(source.getString("schema"), source.getString("table"));
  }

  /** Reads {@code schema.name}; the schema is what stands before the first dot. */
  static Optional<SourceTable> parse(String text) {
    int dot = text.indexOf('.');
    return dot <= 0 || dot == text.length() - 1
        ? Optional.empty()
        : Optional.of(new SourceTable(text.substring(0, dot), text.substring(dot + 1)));
  }

  /** As SQL has to name it. */
  String quoted() {
    return quoted(schema) + "." + quoted(name);
  }

  static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  @Override
  public String toString() {
    return schema + "." + name;
  }
}
