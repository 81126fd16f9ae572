package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.EndedTransaction;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableChange;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.connect.source.SourceRecord;

/** A transaction whose end has not come: its changes, unless there are so many that they stream. */
final class OpenTransaction {
  private final String name;
  private final List<TableChange> changes = new ArrayList<>();
  private long bytes;
  private boolean isLarge;
  private SourceRecord last;
  private SourceRecord seen;

  OpenTransaction(String name, SourceRecord begin) {
    this.name = requireNonNull(name, "name is null");
    this.last = requireNonNull(begin, "begin is null");
    this.seen = begin;
  }

  String name() {
    return name;
  }

  List<TableChange> changes() {
    return changes;
  }

  /** Whether nothing of it matters. */
  boolean isEmpty() {
    return changes.isEmpty() && !isLarge;
  }

  boolean isLarge() {
    return isLarge;
  }

  long bytes() {
    return bytes;
  }

  /** Its last record, or a heartbeat after that. */
  SourceRecord seen() {
    return seen;
  }

  void own(SourceRecord event) {
    last = event;
    seen = event;
  }

  void heartbeat(SourceRecord event) {
    seen = event;
  }

  void add(TableChange change) {
    changes.add(change);
    bytes += change.bytes();
  }

  /** Its changes are no longer kept here. */
  void turnLarge() {
    isLarge = true;
    changes.clear();
  }

  /** Brings what is held back to a table's new columns. */
  void columnsChanged(RowTarget target) {
    changes.replaceAll(
        change -> change.table().equals(target.table()) ? target.adapt(change) : change);
  }

  EndedTransaction endedBy(SourceRecord end) {
    return new EndedTransaction(name, last, end);
  }
}
