package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortDirection;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrderBuilder;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;

/** What rows of a data file are sorted by, or one part of it. */
public record SortTerm(LayoutTerm term, SortDirection direction, NullOrder nulls) {
  public SortTerm {
    requireNonNull(term, "term is null");
    requireNonNull(direction, "direction is null");
    requireNonNull(nulls, "nulls is null");
  }

  /**
   * @throws LayoutException the columns do not allow it
   */
  void requireFits(Schema schema) {
    Type type = term.transform().getResultType(term.requireFits(schema).type());
    try {
      var unused = Comparators.forType(type.asPrimitiveType());
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw new LayoutException(
          "the values of %s have no order: they are %s".formatted(term, type));
    }
  }

  <R> void addTo(SortOrderBuilder<R> order) {
    var unused =
        direction == SortDirection.ASC
            ? order.asc(term.expression(), nulls)
            : order.desc(term.expression(), nulls);
  }

  boolean is(SortField field, Schema schema) {
    NestedField column = schema.findField(term.column());
    return column != null
        && column.fieldId() == field.sourceId()
        && term.transformText().equals(field.transform().toString())
        && direction == field.direction()
        && nulls == field.nullOrder();
  }

  /** As a setting has it. */
  @Override
  public String toString() {
    return "%s %s %s".formatted(term, direction, nulls).toLowerCase(Locale.ROOT);
  }
}
