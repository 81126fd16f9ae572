package dev.firn.writer;

import java.time.Instant;
import java.time.ZoneOffset;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;

/** Makes rows of a changelog that lack their batch and the end of their transaction. */
final class ChangelogRecords {
  private final GenericRecord template;
  private final Reshape values;

  /**
   * @param schema the changelog's
   */
  ChangelogRecords(Schema schema) {
    this.template = GenericRecord.create(schema);
    this.values = new Reshape(schema.columns(), Changelog.OWN.size());
  }

  Record of(ChangelogRow change) {
    Record row = template.copy();
    row.set(0, change.op().letter());
    row.set(1, 0L);
    row.set(2, 0L);
    row.set(3, "");
    row.set(4, "");
    row.set(5, change.order());
    row.set(6, Instant.EPOCH.atOffset(ZoneOffset.UTC));
    if (change.row() != null) {
      values.copy(change.row(), row);
    }
    return row;
  }
}
