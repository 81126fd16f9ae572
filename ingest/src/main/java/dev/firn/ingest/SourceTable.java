package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.connect.data.Struct;

/**
 * A table of the source: its schema, which MariaDB, MySQL and MongoDB call its database, and its
 * name, as the source spells them.
 */
public record SourceTable(String schema, String name) {
  private static final Pattern ID_PART = Pattern.compile("\"((?:[^\"]|\"\")*)\"");

  public SourceTable {
    requireNonNull(schema, "schema is null");
    requireNonNull(name, "name is null");
  }

  /** That of a change event, by its source block. */
  static SourceTable of(Struct source) {
    String outer = source.schema().field("schema") == null ? "db" : "schema";
    String inner = source.schema().field("table") == null ? "collection" : "table";
    return new SourceTable(source.getString(outer), source.getString(inner));
  }

  /** Reads {@code schema.name}; the schema is what stands before the first dot. */
  static Optional<SourceTable> parse(String text) {
    int dot = text.indexOf('.');
    return dot <= 0 || dot == text.length() - 1
        ? Optional.empty()
        : Optional.of(new SourceTable(text.substring(0, dot), text.substring(dot + 1)));
  }

  /**
   * Reads {@code "schema"."name"}, in which a quotation mark stands twice; SQL Server puts the
   * database before it.
   */
  static SourceTable ofId(String id) {
    List<String> names =
        ID_PART.matcher(id).results().map(part -> part.group(1).replace("\"\"", "\"")).toList();
    if (names.size() != 2 && names.size() != 3) {
      throw new IllegalArgumentException("'%s' names no table of a schema".formatted(id));
    }
    return new SourceTable(names.get(names.size() - 2), names.getLast());
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
