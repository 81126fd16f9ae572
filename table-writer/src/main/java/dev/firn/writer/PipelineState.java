package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * What the control table says of a pipeline, read without taking it over.
 *
 * @param writer host and process id of the newest writer
 * @param batch the last batch that is complete in all tables; 0 before the first
 * @param position where it ended; empty before the first
 * @param tables the pipeline's tables, and the snapshot of its last commit to each
 */
public record PipelineState(
    long epoch,
    String writer,
    long batch,
    String position,
    Map<TableIdentifier, Long> tables,
    Map<String, String> notes) {
  public PipelineState {
    requireNonNull(writer, "writer is null");
    requireNonNull(position, "position is null");
    tables = Collections.unmodifiableMap(sorted(tables));
    notes = Map.copyOf(notes);
  }

  /** The tables that have to be read beside the stream, by name. */
  public List<String> readings() {
    return TablesToRead.names(notes).sorted().toList();
  }

  private static TreeMap<TableIdentifier, Long> sorted(Map<TableIdentifier, Long> tables) {
    TreeMap<TableIdentifier, Long> sorted =
        new TreeMap<>(Comparator.comparing(TableIdentifier::toString));
    sorted.putAll(tables);
    return sorted;
  }
}
