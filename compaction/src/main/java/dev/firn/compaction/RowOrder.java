package dev.firn.compaction;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;

/** In which order the rows of a table are to lie in its data files, as its owner has said. */
sealed interface RowOrder {
  /** A table property: columns, between commas, whose near values are to lie near each other. */
  String ZORDER = "firn.compact.zorder";

  /** Each further column takes from the others. */
  int MOST_COLUMNS = 8;

  /** Nobody has asked for an order, or for one that there cannot be. */
  record AsTheyLie(Optional<String> problem) implements RowOrder {
    @Override
    public boolean has(DataFile file) {
      return true;
    }
  }

  /**
   * The table's own sort order.
   *
   * @param fulfilledBy ids of this and of finer orders
   */
  record Sorted(SortOrder order, Set<Integer> fulfilledBy) implements RowOrder {
    public Sorted {
      fulfilledBy = Set.copyOf(fulfilledBy);
    }

    @Override
    public boolean has(DataFile file) {
      return file.sortOrderId() != null && fulfilledBy.contains(file.sortOrderId());
    }

    @Override
    public SortOrder declared() {
      return order;
    }
  }

  /** Along a Z-order curve through the given columns. */
  record Clustered(List<NestedField> columns) implements RowOrder {
    public Clustered {
      columns = List.copyOf(columns);
    }

    /** Iceberg knows no sort order for this; the name is what every manifest keeps of a file. */
    @Override
    public boolean has(DataFile file) {
      return file.location().contains("-" + fileSuffix() + ".");
    }

    @Override
    public String fileSuffix() {
      return columns.stream()
          .map(column -> Integer.toString(column.fieldId()))
          .collect(Collectors.joining("-", "zorder-", "-" + RowOrder.super.fileSuffix()));
    }
  }

  /** Whether the rows of a file lie in this order. */
  boolean has(DataFile file);

  /** What new files say that they are sorted by. */
  default SortOrder declared() {
    return SortOrder.unsorted();
  }

  /** How the names of new files end. */
  default String fileSuffix() {
    return "compacted";
  }

  default boolean movesRows() {
    return !(this instanceof AsTheyLie);
  }

  /** The property, or else the table's own sort order. */
  static RowOrder of(Table table) {
    String columns = table.properties().get(ZORDER);
    try {
      return columns == null ? sorted(table) : new Clustered(clusteredBy(table.schema(), columns));
    } catch (UnsortableException e) {
      String what =
          columns == null
              ? "its sort order " + text(table)
              : "its property " + ZORDER + "=" + columns;
      return new AsTheyLie(
          Optional.of(
              "%s: %s cannot be followed: %s; until then rows keep the order in which they lie"
                  .formatted(table.name(), what, e.getMessage())));
    }
  }

  private static RowOrder sorted(Table table) throws UnsortableException {
    SortOrder order = table.sortOrder();
    if (order.isUnsorted()) {
      return new AsTheyLie(Optional.empty());
    }
    for (SortField field : order.fields()) {
      requireSortable(table.schema(), field);
    }
    return new Sorted(
        order,
        table.sortOrders().values().stream()
            .filter(other -> other.satisfies(order))
            .map(SortOrder::orderId)
            .collect(Collectors.toSet()));
  }

  private static String text(Table table) {
    return table.sortOrder().fields().stream()
        .map(field -> "%s of column %d".formatted(field.transform(), field.sourceId()))
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private static void requireSortable(Schema schema, SortField field) throws UnsortableException {
    NestedField column = schema.findField(field.sourceId());
    if (column == null) {
      throw new UnsortableException(
          "there is no column %d any more; set another order".formatted(field.sourceId()));
    }
    requireReachable(schema, column);
    try {
      var unused = field.transform().bind(column.type());
      requireComparable(column, field.transform().getResultType(column.type()));
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw new UnsortableException(
          "%s of column \"%s\" is not known here; set another order"
              .formatted(field.transform(), column.name()));
    }
  }

  private static List<NestedField> clusteredBy(Schema schema, String names)
      throws UnsortableException {
    List<NestedField> columns = new ArrayList<>();
    for (String name : Arrays.stream(names.split(",", -1)).map(String::strip).toList()) {
      NestedField column = name.isEmpty() ? null : schema.findField(name);
      if (column == null || columns.contains(column)) {
        throw new UnsortableException(
            "column \"%s\" %s; set it to columns of the table, between commas, or remove it"
                .formatted(name, column == null ? "does not exist" : "is there twice"));
      }
      requireReachable(schema, column);
      requireComparable(column, column.type());
      columns.add(column);
    }
    if (columns.size() > MOST_COLUMNS) {
      throw new UnsortableException(
          "%d columns are too many; set it to %d at most".formatted(columns.size(), MOST_COLUMNS));
    }
    return columns;
  }

  private static void requireReachable(Schema schema, NestedField column)
      throws UnsortableException {
    if (schema.accessorForField(column.fieldId()) == null) {
      throw new UnsortableException(
          "column \"%s\" is inside of a list or a map, so that a row has many of it; leave it out"
              .formatted(schema.findColumnName(column.fieldId())));
    }
  }

  private static void requireComparable(NestedField column, Type type) throws UnsortableException {
    try {
      var unused = Comparators.forType(type.asPrimitiveType());
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw new UnsortableException(
          "column \"%s\" is of type %s, whose values have no order; leave it out"
              .formatted(column.name(), type));
    }
  }

  /** Says what is wrong, and the way out. */
  final class UnsortableException extends Exception {
    private static final long serialVersionUID = 1;

    UnsortableException(String message) {
      super(message);
    }
  }
}
