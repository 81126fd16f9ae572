package dev.firn.writer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;

/**
 * The first reading of the source's tables. Its rows lie in files that are part of no table until
 * it is published; then each table gets all of its rows, and loses what it had, in one commit.
 */
public final class InitialSnapshot {
  private final Pipeline pipeline;
  private final Map<TableIdentifier, TableWrite> writes;

  InitialSnapshot(Pipeline pipeline, Map<TableIdentifier, TableWrite> writes) {
    this.pipeline = pipeline;
    this.writes = Collections.unmodifiableMap(new LinkedHashMap<>(writes));
    writes.values().forEach(TableWrite::truncate);
  }

  /** Adds a row that was read. */
  public void add(TableIdentifier table, Record row) {
    TableWrite write = writes.get(table);
    if (write == null) {
      throw new PipelineException("table %s is not open".formatted(table));
    }
    write.append(pipeline.writer(table).state().target().keys().keyOf(row), row);
  }

  /**
   * Makes all tables visible; streaming goes on after {@code end}. A crash in between leaves some
   * of the tables published: the next start reads all of them again and replaces them.
   */
  public CommittedBatch publish(TransactionEnd end) {
    return pipeline.publish(writes, end);
  }

  /** Gives it up: nothing of it becomes visible. */
  public void abandon() {
    writes.forEach((table, write) -> pipeline.writer(table).abandonAtOnce(write));
  }
}
