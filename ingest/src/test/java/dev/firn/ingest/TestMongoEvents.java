package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.MongoEvents.Change;
import dev.firn.writer.PipelineException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events as Debezium's MongoDB connector makes them, through the real pipeline into a lake. */
class TestMongoEvents {
  static final Map<String, String> SOURCE =
      Map.of("mongodb.connection.string", "mongodb://firn:secret@db.example.org/?replicaSet=rs0");

  /** Keys in another order, an empty one, and a number that no double holds. */
  private static final String ODD =
      "{\"_id\": 3,\"\": {\"$numberDecimal\": \"0.10\"},\"b\": [1,null,{}],\"a\": {\"$numberLong\": \"9007199254740993\"}}";

  /** Each with the second at which it is committed; several changes share a transaction. */
  private static final List<List<Change>> TRANSACTIONS =
      List.of(
          List.of(new Change("u", "orders", 2, "{\"_id\": 2,\"name\": \"b\"}")),
          List.of(new Change("c", "items", 10, "{\"_id\": 10}")),
          List.of(new Change("c", "orders", 3, ODD), new Change("c", "items", 11, "{\"_id\": 11}")),
          List.of(new Change("d", "items", 10, null)),
          List.of(new Change("c", "late", 1, "{\"_id\": 1}")),
          List.of(
              new Change("u", "orders", 1, "{\"_id\": 1}"),
              new Change("d", "orders", 2, null),
              new Change("c", "orders", 2, "{\"_id\": 2,\"name\": \"again\"}")),
          List.of(new Change("u", "orders", 3, "{\"_id\": 3}")));

  @TempDir private Path folder;

  private static MongoEvents shopThatWasRead() {
    return new MongoEvents()
        .read("items", 10, "{\"_id\": 10}")
        .read("orders", 1, "{\"_id\": 1,\"name\": \"a\"}")
        .read("orders", 2, "{\"_id\": 2,\"name\": \"b\"}");
  }

  private static int second(int transaction) {
    return 10 * (transaction + 1);
  }

  private static List<SourceRecord> streamed() {
    MongoEvents events = shopThatWasRead();
    for (int i = 0; i < TRANSACTIONS.size(); i++) {
      List<Change> changes = TRANSACTIONS.get(i);
      if (changes.size() == 1) {
        Change only = changes.getFirst();
        events.single(second(i), only.op(), only.collection(), only.id(), only.after());
      } else {
        events.transaction(second(i), i + 1, changes.toArray(Change[]::new));
      }
      if (i % 3 == 2) {
        events.nothingUpTo(second(i) + 5);
      }
    }
    return events.nothingUpTo(second(TRANSACTIONS.size())).records();
  }

  private static List<Map<String, String>> states() {
    Map<String, String> now = new TreeMap<>();
    now.put("items 10", "{\"_id\": 10}");
    now.put("orders 1", "{\"_id\": 1,\"name\": \"a\"}");
    now.put("orders 2", "{\"_id\": 2,\"name\": \"b\"}");
    List<Map<String, String>> states = new ArrayList<>(List.of(new TreeMap<>(now)));
    for (List<Change> transaction : TRANSACTIONS) {
      for (Change change : transaction) {
        put(now, change.collection() + " " + change.id(), change.after());
      }
      states.add(new TreeMap<>(now));
    }
    return states;
  }

  private static void put(Map<String, String> now, String key, @Nullable String document) {
    if (document == null) {
      now.remove(key);
    } else {
      now.put(key, document);
    }
  }

  private ToldLake lake(String name) {
    return new ToldLake(SourceKind.MONGODB, folder.resolve(name), SOURCE);
  }

  private static Map<String, String> state(ToldLake lake) {
    Map<String, String> state = new TreeMap<>();
    for (String table : List.of("orders", "items", "late")) {
      lake.rows("shop", table, "_id", "document")
          .forEach((id, row) -> state.put(table + " " + id, row.substring(id.length() + 1)));
    }
    return state;
  }

  private static final class Recorded implements ToldLake.Recording {
    @Override
    public List<SourceRecord> events() {
      return streamed();
    }

    /** And something before it. */
    @Override
    public List<SourceRecord> sentAgain(ToldLake lake) {
      return lake.position().isEmpty()
          ? events()
          : events().stream()
              .filter(event -> !event.sourceOffset().containsKey("initsync"))
              .toList();
    }

    @Override
    public String end() {
      List<SourceRecord> events = events();
      return MongoEvents.text(events.get(events.size() - 2));
    }

    @Override
    public Map<String, String> state(ToldLake lake) {
      return TestMongoEvents.state(lake);
    }

    @Override
    public List<Map<String, String>> states() {
      return TestMongoEvents.states();
    }

    @Override
    public void requireChanges(ToldLake lake) {
      Map<String, Integer> changes = new HashMap<>();
      TRANSACTIONS.forEach(
          each -> each.forEach(change -> changes.merge(change.collection(), 1, Integer::sum)));
      changes.forEach((table, count) ->
          assertThat(lake.all("shop", table + "_changelog", "_id")).as(table).hasSize(count));
    }
  }

  @Test
  void collectionsAreWhatTheirSourceIs() throws Exception {
    ToldLake lake = lake("lake");
    Recorded recorded = new Recorded();
    try (ToldLake.Running process = lake.start()) {
      process.take(recorded.events()).settle(recorded.end());
    }
    ToldLake.requireWhole(lake, recorded);
  }

  @Test
  void crashAtAnyRecordLosesAndDoublesNothing() throws Exception {
    ToldLake.crashAnywhere(this::lake, new Recorded());
  }

  @Test
  void changeWithoutItsDocumentStops() throws Exception {
    MongoEvents events = shopThatWasRead().single(10, "u", "orders", 1, null);
    try (ToldLake.Running process = lake("without").start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("a change of collection shop.orders came without the document")
          .hasMessageContaining("changeStreamPreAndPostImages: {enabled: true}");
    }
  }

  /** Debezium begins to read again after a lost connection, and does not say so. */
  @Test
  void documentThatIsReadTwiceMakesTheInitialSnapshotVoid() throws Exception {
    List<SourceRecord> events = shopThatWasRead().records();
    try (ToldLake.Running process = lake("twice").start()) {
      process.take(events);
      assertThatThrownBy(() -> process.take(events))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("has a row twice");
    }
  }

  @Test
  void addressIsShownWithoutItsSecret() {
    assertThat(lake("place").source().place())
        .isEqualTo("mongodb://db.example.org/?replicaSet=rs0");
  }
}
