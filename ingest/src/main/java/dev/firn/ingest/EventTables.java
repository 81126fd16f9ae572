package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.firn.writer.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * The tables of a source of which nothing but its events tells: the columns that these had last,
 * and which tables have no row but those that come as events. The control table keeps them. For any
 * thread.
 */
final class EventTables {
  /** The note of the control table that keeps them. */
  static final String NOTE = "event-tables";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Comparator<SourceTable> BY_NAME =
      Comparator.comparing(SourceTable::schema).thenComparing(SourceTable::name);

  private final Map<SourceTable, ColumnPlan.Event> columns = new TreeMap<>(BY_NAME);
  private final Set<SourceTable> whole = new TreeSet<>(BY_NAME);
  private final JsonConverter schemas = new JsonConverter();
  private boolean isNoted = true;

  EventTables() {
    schemas.configure(Map.of(), false);
  }

  /** As a pipeline's control table has them. */
  static EventTables of(Pipeline pipeline) {
    EventTables tables = new EventTables();
    pipeline.note(NOTE).ifPresent(tables::read);
    return tables;
  }

  /** The columns of a table's last event; empty: there was none. */
  synchronized Optional<ColumnPlan.Event> of(SourceTable table) {
    return Optional.ofNullable(columns.get(table));
  }

  /** Those of which events have come, ordered by name. */
  synchronized List<SourceTable> named() {
    return List.copyOf(columns.keySet());
  }

  /**
   * An event with these columns comes next.
   *
   * @return whether they are others than those of the events before
   */
  synchronized boolean put(SourceTable table, ColumnPlan.Event event) {
    ColumnPlan.Event before = columns.put(table, event);
    boolean isOther = before == null || !json(table, before).equals(json(table, event));
    isNoted &= !isOther;
    return isOther;
  }

  /** All rows of a table come as events: with the initial snapshot that reads it, or after it. */
  synchronized void whole(SourceTable table) {
    isNoted &= !whole.add(table);
  }

  synchronized boolean isWhole(SourceTable table) {
    return whole.contains(table);
  }

  /** Another initial snapshot begins: it tells of its tables again. */
  synchronized void beginAgain() {
    isNoted &= whole.isEmpty();
    whole.clear();
  }

  /** Changes of tables that are captured no more are missed from here on. */
  synchronized void retain(Predicate<SourceTable> captured) {
    isNoted &= !whole.removeIf(captured.negate());
  }

  /** The text to note, if there is something new. */
  synchronized Optional<String> takeNote() {
    if (isNoted) {
      return Optional.empty();
    }
    isNoted = true;
    return Optional.of(text());
  }

  private String text() {
    ObjectNode all = JSON.createObjectNode();
    ArrayNode names = all.putArray("whole");
    whole.forEach(table -> names.add(JSON.createArrayNode().add(table.schema()).add(table.name())));
    ArrayNode tables = all.putArray("tables");
    columns.forEach((table, event) -> tables.add(json(table, event)));
    return PackedNote.pack(all.toString());
  }

  private ObjectNode json(SourceTable table, ColumnPlan.Event event) {
    ObjectNode json =
        JSON.createObjectNode().put("schema", table.schema()).put("name", table.name());
    ArrayNode key = json.putArray("key");
    event.key().forEach(key::add);
    json.set("row", schemas.asJsonSchema(event.row()));
    return json;
  }

  private synchronized void read(String note) {
    try {
      JsonNode all = JSON.readTree(PackedNote.unpack(note));
      all.path("whole")
          .forEach(
              name -> whole.add(new SourceTable(name.path(0).asText(), name.path(1).asText())));
      all.path("tables").forEach(this::readTable);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void readTable(JsonNode table) {
    List<String> key = new ArrayList<>();
    table.path("key").forEach(column -> key.add(column.asText()));
    Schema row =
        requireNonNull(schemas.asConnectSchema(table.path("row")), "a table without columns");
    columns.put(
        new SourceTable(table.path("schema").asText(), table.path("name").asText()),
        new ColumnPlan.Event(new LinkedHashSet<>(key), row));
  }
}
