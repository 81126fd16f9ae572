package dev.firn.writer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.iceberg.catalog.TableIdentifier;

/** A batch whose data files are written (but for rows that wait for the batch before it). */
public final class PreparedBatch {
  private final Batch batch;
  private final Map<TableIdentifier, TableWriter.PlannedWrite> writes;

  PreparedBatch(Batch batch, Map<TableIdentifier, TableWriter.PlannedWrite> writes) {
    this.batch = batch;
    this.writes = Collections.unmodifiableMap(new LinkedHashMap<>(writes));
  }

  /** The batch that it was made of. */
  public Batch batch() {
    return batch;
  }

  Map<TableIdentifier, TableWriter.PlannedWrite> writes() {
    return writes;
  }
}
