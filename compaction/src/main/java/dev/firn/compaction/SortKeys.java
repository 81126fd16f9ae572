package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.apache.iceberg.Accessor;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortDirection;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.transforms.Transform;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.Type;
import org.jspecify.annotations.Nullable;

/** What rows are sorted by: values that are taken from each row once, the weightiest first. */
final class SortKeys {
  private final InternalRecordWrapper view;
  private final List<Part> parts = new ArrayList<>();

  private record Part(
      Function<StructLike, @Nullable Object> value, Comparator<@Nullable Object> order) {}

  /** All rows are equal. */
  SortKeys(Schema columns) {
    this.view = new InternalRecordWrapper(columns.asStruct());
  }

  /** Next by the partition that a row belongs to. */
  SortKeys by(PartitionSpec spec, Schema columns) {
    PartitionKey key = new PartitionKey(spec, columns);
    return add(
        row -> {
          key.partition(row);
          return key.copy();
        },
        Comparators.forType(spec.partitionType()));
  }

  /** Next by the fields of an order of Iceberg's. */
  SortKeys by(SortOrder order, Schema columns) {
    order.fields().forEach(field -> by(field, columns));
    return this;
  }

  private void by(SortField field, Schema columns) {
    Type type = columns.findField(field.sourceId()).type();
    Accessor<StructLike> column = requireNonNull(columns.accessorForField(field.sourceId()));
    Transform<Object, Object> transform = field.transform();
    Function<Object, Object> bound = transform.bind(type);
    Comparator<Object> values =
        Comparators.forType(transform.getResultType(type).asPrimitiveType());
    Comparator<Object> directed =
        field.direction() == SortDirection.DESC ? values.reversed() : values;
    var unused =
        add(
            row -> bound.apply(column.get(row)),
            field.nullOrder() == NullOrder.NULLS_FIRST
                ? Comparator.nullsFirst(directed)
                : Comparator.nullsLast(directed));
  }

  /** Next by the place on a Z-order curve. */
  SortKeys by(ZOrder curve) {
    return add(curve::place, Comparator.<Long>naturalOrder());
  }

  @SuppressWarnings("unchecked")
  private <T> SortKeys add(
      Function<StructLike, ? extends @Nullable Object> value, Comparator<T> order) {
    parts.add(
        new Part(
            (Function<StructLike, @Nullable Object>) value, (Comparator<@Nullable Object>) order));
    return this;
  }

  int size() {
    return parts.size();
  }

  /**
   * The values of one row.
   *
   * @param row is not changed while they are needed
   */
  @Nullable Object[] of(Record row) {
    StructLike values = view.wrap(row);
    @Nullable Object[] key = new Object[parts.size()];
    for (int i = 0; i < key.length; i++) {
      key[i] = parts.get(i).value.apply(values);
    }
    return key;
  }

  int compare(@Nullable Object[] one, @Nullable Object[] other) {
    for (int i = 0; i < one.length; i++) {
      int order = parts.get(i).order.compare(one[i], other[i]);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }
}
