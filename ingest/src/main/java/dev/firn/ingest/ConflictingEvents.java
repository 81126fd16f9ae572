package dev.firn.ingest;

import dev.firn.writer.TableChange;
import io.debezium.data.Envelope;
import java.util.List;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Events whose columns have no place in their table: all of them are set aside, and the table is
 * read again when its columns fit.
 *
 * @param conflict what does not fit
 */
record ConflictingEvents(TableDecoder decoder, String conflict) implements EventDecoder {
  @Override
  public SourceTable source() {
    return decoder.source();
  }

  @Override
  public TableIdentifier table() {
    return decoder.table();
  }

  @Override
  public boolean isShard() {
    return decoder.isShard();
  }

  @Override
  public EventSieve.Sieved<Record> read(Struct event) {
    throw new IllegalStateException("the initial snapshot reads no table that conflicts");
  }

  @Override
  public List<TableChange> changes(SourceRecord event) {
    Struct value = (Struct) event.value();
    return List.of(
        decoder.setAside(value.getString(Envelope.FieldName.OPERATION), value, conflict));
  }
}
