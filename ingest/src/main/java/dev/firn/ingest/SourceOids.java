package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.firn.writer.Pipeline;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which table of the source each name meant when its table in the lake was read: a table that is
 * dropped and made again has another object id.
 */
final class SourceOids {
  private static final String NOTE = "source-oids";

  private final Map<String, Long> oids = new ConcurrentHashMap<>();

  /** As the pipeline's control table has them. */
  static SourceOids of(Pipeline pipeline) {
    SourceOids noted = new SourceOids();
    JsonNote.read(pipeline, NOTE, new TypeReference<Map<String, Long>>() {})
        .ifPresent(noted.oids::putAll);
    return noted;
  }

  /** The one of a name; empty when it is not known yet. */
  Optional<Long> of(SourceTable table) {
    return Optional.ofNullable(oids.get(table.toString()));
  }

  void put(SourceTable table, long oid) {
    oids.put(table.toString(), oid);
  }

  /** Notes the one of a request, if it has one, and writes all down. */
  void note(Pipeline pipeline, ReadingRequest request) {
    if (request.oid() != 0) {
      put(request.table(), request.oid());
    }
    note(pipeline);
  }

  /** Writes them down, if they have changed. Not while batches are being committed. */
  void note(Pipeline pipeline) {
    JsonNote.write(pipeline, NOTE, new TreeMap<>(oids));
  }
}
