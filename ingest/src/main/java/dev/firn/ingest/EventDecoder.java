package dev.firn.ingest;

import dev.firn.writer.TableChange;
import java.util.List;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** What events of one table and schema mean for the lake. */
interface EventDecoder {
  /** The table of the source. */
  SourceTable source();

  /** The table in the lake. */
  TableIdentifier table();

  /** Whether its rows are some of those of its table, others of which come from other tables. */
  boolean isShard();

  /** The row that an initial snapshot read. */
  EventSieve.Sieved<Record> read(Struct event);

  /** What a change of the stream means: at most one of the table's rows, then what is set aside. */
  List<TableChange> changes(SourceRecord event);
}
