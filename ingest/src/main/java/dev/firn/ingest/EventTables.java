package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.firn.writer.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
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
  private final Map<SourceTable, Defined> defined = new TreeMap<>(BY_NAME);
  private BigInteger definedUpTo = BigInteger.ZERO;
  private final JsonConverter schemas = new JsonConverter();
  private boolean isNoted = true;

  /**
   * What statements have made of a table.
   *
   * @param columns their names
   * @param gone those that it had once
   */
  private record Defined(Set<String> columns, Set<String> gone) {
    static final Defined NOTHING = new Defined(Set.of(), Set.of());

    Defined {
      columns = Set.copyOf(columns);
      gone = Set.copyOf(gone);
    }

    Defined with(Set<String> now) {
      Set<String> all = new TreeSet<>(gone);
      all.addAll(columns);
      all.removeAll(now);
      return new Defined(now, all);
    }
  }

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

  /** A statement has given a table these columns, or none. */
  synchronized void defined(SourceTable table, Set<String> now) {
    Defined before = defined.getOrDefault(table, Defined.NOTHING);
    Defined after = before.with(now);
    defined.put(table, after);
    isNoted &= after.equals(before);
  }

  /** The columns that the last statement gave a table. */
  synchronized Set<String> defined(SourceTable table) {
    return defined.getOrDefault(table, Defined.NOTHING).columns();
  }

  /** Whether a table had a column once that it has not now. */
  synchronized boolean isGone(SourceTable table, String column) {
    return defined.getOrDefault(table, Defined.NOTHING).gone().contains(column);
  }

  /** Up to which place in the log statements were taken. */
  synchronized BigInteger definedUpTo() {
    return definedUpTo;
  }

  synchronized void definedUpTo(BigInteger place) {
    definedUpTo = place;
    isNoted = false;
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
    isNoted &= whole.isEmpty() && defined.isEmpty();
    whole.clear();
    defined.clear();
    definedUpTo = BigInteger.ZERO;
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
    if (!defined.isEmpty()) {
      all.put("defined-up-to", definedUpTo.toString());
      ArrayNode definitions = all.putArray("defined");
      defined.forEach((table, made) -> definitions.add(json(table, made)));
    }
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

  private static ObjectNode json(SourceTable table, Defined made) {
    ObjectNode json =
        JSON.createObjectNode().put("schema", table.schema()).put("name", table.name());
    made.columns().stream().sorted().forEach(json.putArray("columns")::add);
    made.gone().stream().sorted().forEach(json.putArray("gone")::add);
    return json;
  }

  private synchronized void read(String note) {
    try {
      JsonNode all = JSON.readTree(PackedNote.unpack(note));
      all.path("whole")
          .forEach(
              name -> whole.add(new SourceTable(name.path(0).asText(), name.path(1).asText())));
      all.path("tables").forEach(this::readTable);
      all.path("defined")
          .forEach(made ->
              defined.put(name(made), new Defined(texts(made, "columns"), texts(made, "gone"))));
      definedUpTo = new BigInteger(all.path("defined-up-to").asText("0"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void readTable(JsonNode table) {
    Schema row =
        requireNonNull(schemas.asConnectSchema(table.path("row")), "a table without columns");
    columns.put(name(table), new ColumnPlan.Event(new LinkedHashSet<>(texts(table, "key")), row));
  }

  private static SourceTable name(JsonNode table) {
    return new SourceTable(table.path("schema").asText(), table.path("name").asText());
  }

  private static Set<String> texts(JsonNode table, String field) {
    Set<String> texts = new LinkedHashSet<>();
    table.path(field).forEach(text -> texts.add(text.asText()));
    return texts;
  }
}
