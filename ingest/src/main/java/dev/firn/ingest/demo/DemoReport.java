package dev.firn.ingest.demo;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;

/**
 * What a run of the demo came to; its JSON form has exactly these fields.
 *
 * @param equal whether every table in the lake has exactly the rows of its source
 * @param changelogEqual whether each table's baseline and changelog lead to what the table holds
 * @param freshnessMillis from the return of a commit at the source to its row being read
 * @param eventsPerSecond rows changed at the source, per second until the lake had them all
 * @param commits Iceberg snapshots of this run, over all tables
 * @param batches of whole transactions, each of which is one commit per table that it changes
 * @param deletionVectors that the tables have now
 * @param restarts of the sink's process, because it died
 * @param storage where the lake keeps its files: local or s3
 */
record DemoReport(
    boolean equal,
    List<TableReport> tables,
    boolean changelogEqual,
    Percentiles freshnessMillis,
    long eventsPerSecond,
    long commits,
    long batches,
    long dataFiles,
    long deletionVectors,
    long equalityDeleteFiles,
    long transactions,
    long events,
    double seconds,
    int restarts,
    int run,
    String source,
    String storage) {

  /** One table on both sides. */
  @JsonIgnoreProperties("differences")
  record TableReport(
      String name, long sourceRows, long lakeRows, boolean equal, List<String> differences) {
    TableReport {
      differences = List.copyOf(differences);
    }
  }

  DemoReport {
    tables = List.copyOf(tables);
  }

  String toJson() {
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
