package dev.firn.writer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.SortOrderComparators;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * The order in which a table wants its rows. A file says that it has it only where all rows came in
 * this order: readers rely on it.
 */
final class WriteOrder {
  private final int id;
  private final Comparator<StructLike> order;
  private final InternalRecordWrapper one;
  private final InternalRecordWrapper other;

  private WriteOrder(SortOrder order, Schema written) {
    this.id = order.orderId();
    this.order = SortOrderComparators.forSchema(written, order);
    this.one = new InternalRecordWrapper(written.asStruct());
    this.other = new InternalRecordWrapper(written.asStruct());
  }

  /**
   * That of a table; empty: it has none, or one that cannot be followed.
   *
   * @param written what its rows are made of
   */
  static Optional<WriteOrder> of(Table table, Schema written) {
    SortOrder order = table.sortOrder();
    return order.isSorted()
            && order.fields().stream().allMatch(field -> isComparable(field, written))
        ? Optional.of(new WriteOrder(order, written))
        : Optional.empty();
  }

  private static boolean isComparable(SortField field, Schema written) {
    NestedField column = written.findField(field.sourceId());
    return column != null
        && written.accessorForField(field.sourceId()) != null
        && column.type().isPrimitiveType()
        && field.transform().canTransform(column.type());
  }

  /** Compares two complete rows. */
  int compare(Record left, Record right) {
    return order.compare(one.wrap(left), other.wrap(right));
  }

  /**
   * The net changes of a batch: rows that go, then others in order, then those that lack values.
   */
  List<NetChange> sorted(RowFold fold) {
    List<NetChange> sorted = new ArrayList<>();
    List<NetChange.Put> complete = new ArrayList<>();
    List<NetChange.Put> incomplete = new ArrayList<>();
    fold.forEach(change -> {
      switch (change) {
        case NetChange.Remove remove -> sorted.add(remove);
        case NetChange.Put put ->
            (UnavailableValues.isIn(put.row()) ? incomplete : complete).add(put);
      }
    });
    complete.sort((left, right) -> compare(left.row(), right.row()));
    sorted.addAll(complete);
    sorted.addAll(incomplete);
    return sorted;
  }

  Watch watch() {
    return new Watch();
  }

  /** A look at the rows of one file as they are written. */
  final class Watch {
    private @Nullable Record last;
    private boolean inOrder = true;

    void next(Record row) {
      if (inOrder) {
        inOrder = last == null || compare(last, row) <= 0;
        last = row;
      }
    }

    /** The file with what can be said of its order. */
    DataFile said(DataFile file, PartitionSpec spec) {
      return inOrder ? DataFiles.builder(spec).copy(file).withSortOrderId(id).build() : file;
    }
  }
}
