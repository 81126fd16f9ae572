package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.firn.writer.Pipeline;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which shards each table had at the start before. One that is new among them has rows that no
 * event brings, and the table's other rows say nothing of it.
 */
final class KnownShards {
  private static final String NOTE = "shards";
  private static final Logger LOG = LoggerFactory.getLogger(KnownShards.class);
  private static final TypeReference<Map<String, List<String>>> TABLES = new TypeReference<>() {};

  private KnownShards() {}

  /**
   * Writes down that tables have to be read that have shards which they had not at the start
   * before, and that no change is applied to them until then. Nothing is followed yet.
   */
  static void askForNew(Pipeline pipeline, CapturedTables tables) {
    Map<String, List<String>> before = JsonNote.read(pipeline, NOTE, TABLES).orElse(Map.of());
    for (TableDecoder table : tables.decoders()) {
      List<String> known = before.getOrDefault(table.table().toString(), List.of());
      if (table.isShard()
          && pipeline.offset().isPresent()
          && !known.contains(table.source().toString())) {
        LOG.info(
            "{} is a new shard of table {}: all of them are read", table.source(), table.table());
        pipeline.requestReading(
            table.table(), "%s is a new shard of it".formatted(table.source()), true);
      }
    }
    note(pipeline, tables.decoders());
  }

  /** Writes down what shards there are now. Not while batches are being committed. */
  static void note(Pipeline pipeline, Collection<TableDecoder> tables) {
    Map<String, List<String>> shards = new TreeMap<>();
    tables.stream()
        .filter(TableDecoder::isShard)
        .sorted((one, other) -> one.source().toString().compareTo(other.source().toString()))
        .forEach(table ->
            shards.merge(
                table.table().toString(),
                List.of(table.source().toString()),
                (some, more) ->
                    java.util.stream.Stream.concat(some.stream(), more.stream()).toList()));
    JsonNote.write(pipeline, NOTE, shards);
  }
}
