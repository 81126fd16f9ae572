package dev.firn.testing.simulation;

import java.util.Comparator;
import java.util.Optional;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.SortOrderComparators;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** Looks whether the rows of a data file lie in the order that the file says. */
final class FileOrder {
  private final DataFile file;
  private final Schema read;
  private final Optional<Comparator<StructLike>> order;
  private @Nullable Record last;

  FileOrder(Table table, DataFile file, Schema read) {
    this.file = file;
    this.read = read;
    Integer id = file.sortOrderId();
    SortOrder said = id == null ? SortOrder.unsorted() : table.sortOrders().get(id);
    this.order =
        Optional.ofNullable(said)
            .filter(SortOrder::isSorted)
            .map(sorted -> SortOrderComparators.forSchema(read, sorted));
  }

  void next(Record row) {
    Record before = last;
    if (order.isPresent()
        && before != null
        && order.orElseThrow().compare(view(before), view(row)) > 0) {
      throw new InvariantViolation(
          "the rows of %s are not in the order %d".formatted(file.location(), file.sortOrderId()));
    }
    last = row;
  }

  private StructLike view(Record row) {
    return new InternalRecordWrapper(read.asStruct()).wrap(row);
  }
}
