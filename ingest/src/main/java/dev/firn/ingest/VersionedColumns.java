package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.firn.writer.Pipeline;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where values went at the start before, of columns of the source that have become another type
 * once: the lake's tables do not tell which of several columns was written last.
 *
 * @param columns of the lake, by tables and columns of the source
 */
record VersionedColumns(Map<String, Map<String, String>> columns) {
  private static final String NOTE = "versioned-columns";

  VersionedColumns {
    columns = Map.copyOf(columns);
  }

  /** As they are now. */
  static VersionedColumns of(Collection<TableDecoder> tables) {
    Map<String, Map<String, String>> columns = new TreeMap<>();
    for (TableDecoder table : tables) {
      if (!table.versioned().isEmpty()) {
        columns.put(table.source().toString(), table.versioned());
      }
    }
    return new VersionedColumns(columns);
  }

  /** As the control table has them. */
  static VersionedColumns noted(Pipeline pipeline) {
    return new VersionedColumns(
        JsonNote.read(pipeline, NOTE, new TypeReference<Map<String, Map<String, String>>>() {})
            .orElse(Map.of()));
  }

  /** Writes them down, if they have changed. Not while batches are being committed. */
  void note(Pipeline pipeline) {
    JsonNote.write(pipeline, NOTE, new TreeMap<>(columns));
  }

  /**
   * Why rows of a table that are in the lake may lack values in a column that is written now;
   * empty: they do not. Whoever makes a new column has the table read.
   */
  Optional<String> changed(TableDecoder table) {
    Map<String, String> before = columns.getOrDefault(table.source().toString(), Map.of());
    return table.versioned().entrySet().stream()
        .filter(column -> {
          String earlier = before.get(column.getKey());
          return earlier == null
              ? !table.isNewest(column.getKey(), column.getValue())
              : !earlier.equals(column.getValue());
        })
        .findFirst()
        .map(column ->
            "values of column %s go to the column %s again"
                .formatted(column.getKey(), column.getValue()));
  }
}
