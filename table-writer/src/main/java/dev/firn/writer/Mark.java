package dev.firn.writer;

import static dev.firn.writer.SummaryKeys.BATCH;
import static dev.firn.writer.SummaryKeys.EPOCH;
import static dev.firn.writer.SummaryKeys.PIPELINE;
import static dev.firn.writer.SummaryKeys.POSITION;
import static dev.firn.writer.SummaryKeys.WRITER;
import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Snapshot;

/**
 * What the last commit of a pipeline left in a table.
 *
 * @param position the text of the batch's end; empty before the first batch
 */
record Mark(String pipeline, long epoch, long batch, String position, String writer) {
  Mark {
    requireNonNull(pipeline, "pipeline is null");
    requireNonNull(position, "position is null");
    requireNonNull(writer, "writer is null");
  }

  /** The mark in a snapshot summary or in table properties, if there is one. */
  static Optional<Mark> in(Map<String, String> values) {
    String pipeline = values.get(PIPELINE);
    String epoch = values.get(EPOCH);
    if (pipeline == null || epoch == null) {
      return Optional.empty();
    }
    return Optional.of(
        new Mark(
            pipeline,
            Long.parseLong(epoch),
            Long.parseLong(values.getOrDefault(BATCH, "0")),
            values.getOrDefault(POSITION, ""),
            values.getOrDefault(WRITER, "unknown")));
  }

  /** The newest mark among snapshots that are given newest first. */
  static Optional<Mark> newest(Iterable<Snapshot> ancestors) {
    for (Snapshot snapshot : ancestors) {
      Optional<Mark> mark = in(snapshot.summary());
      if (mark.isPresent()) {
        return mark;
      }
    }
    return Optional.empty();
  }

  Map<String, String> values() {
    Map<String, String> values = new HashMap<>();
    values.put(PIPELINE, pipeline);
    values.put(EPOCH, Long.toString(epoch));
    values.put(BATCH, Long.toString(batch));
    values.put(POSITION, position);
    values.put(WRITER, writer);
    return values;
  }
}
