package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A signal as Debezium defines them, for a snapshot of some tables: Firn takes it as a request to
 * read these beside the stream.
 *
 * @param collections names of tables, or regular expressions for them
 */
record SnapshotSignal(List<String> collections) {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotSignal.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String EXECUTE = "execute-snapshot";
  private static final String WHY = "asked for by a signal of Debezium";

  SnapshotSignal {
    collections = List.copyOf(collections);
  }

  /**
   * Puts a signal into a signal table.
   *
   * @param table as SQL names it
   */
  static void insert(Connection connection, String table, List<SourceTable> tables)
      throws SQLException {
    try (PreparedStatement row =
        connection.prepareStatement("INSERT INTO %s VALUES (?, ?, ?)".formatted(table))) {
      row.setString(1, "firn-" + UUID.randomUUID());
      row.setString(2, EXECUTE);
      row.setString(
          3,
          JSON.writeValueAsString(
              Map.of(
                  "data-collections",
                  tables.stream().map(name -> Pattern.quote(name.toString())).toList())));
      row.execute();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a list of names that is no JSON", e);
    }
  }

  /** Of a row of the signal table; one that asks for something else is left alone, and said. */
  static SnapshotSignal parse(String type, String data) {
    try {
      return of(type, JSON.readTree(data));
    } catch (JsonProcessingException e) {
      LOG.warn("a signal of type {} is not understood: {}", type, e.getOriginalMessage());
      return new SnapshotSignal(List.of());
    }
  }

  /** Of a line of the signal file. */
  static SnapshotSignal parse(String line) {
    try {
      JsonNode signal = JSON.readTree(line);
      return of(signal.path("type").asText(), signal.path("data"));
    } catch (JsonProcessingException e) {
      LOG.warn("a line of the signal file is not understood: {}", e.getOriginalMessage());
      return new SnapshotSignal(List.of());
    }
  }

  private static SnapshotSignal of(String type, JsonNode data) {
    List<String> collections = new ArrayList<>();
    if (type.equals(EXECUTE)) {
      data.path("data-collections").forEach(name -> collections.add(name.asText()));
      if (data.has("additional-conditions") || data.has("additional-condition")) {
        LOG.warn("the conditions of a signal are left out: Firn reads whole tables");
      }
    } else {
      LOG.warn("a signal of type {} is left alone: Firn takes {} only", type, EXECUTE);
    }
    return new SnapshotSignal(collections);
  }

  /** What it asks for. */
  List<ReadingRequest> requests(Collection<SourceTable> captured) {
    List<ReadingRequest> requests = new ArrayList<>();
    for (String collection : collections) {
      List<SourceTable> named =
          captured.stream().filter(table -> matches(collection, table)).toList();
      if (named.isEmpty()) {
        LOG.warn("a signal asks for {}, which is no captured table", collection);
      }
      named.forEach(table -> requests.add(new ReadingRequest(table, WHY)));
    }
    return requests;
  }

  private static boolean matches(String collection, SourceTable table) {
    String name = table.toString();
    try {
      return name.equals(collection.replace("\"", ""))
          || Pattern.compile(collection, Pattern.CASE_INSENSITIVE).matcher(name).matches();
    } catch (PatternSyntaxException e) {
      return false;
    }
  }
}
