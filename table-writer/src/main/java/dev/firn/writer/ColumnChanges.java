package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Schema;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * What the events of a source table ask of its columns in the lake. No column is ever removed, none
 * gets narrower, and asking twice is asking once.
 *
 * @param added new columns, in order; all are optional
 * @param widened the new types of columns, by name
 * @param sent the names of all columns that the events have values for
 */
public record ColumnChanges(
    List<NewColumn> added, Map<String, Type.PrimitiveType> widened, Set<String> sent) {

  /** A column that the lake shall have. */
  public record NewColumn(String name, Type type, @Nullable String doc) {
    public NewColumn {
      requireNonNull(name, "name is null");
      requireNonNull(type, "type is null");
    }
  }

  public ColumnChanges {
    added = List.copyOf(added);
    widened = Map.copyOf(widened);
    sent = Set.copyOf(sent);
  }

  /** What one table lacks to hold whatever another one holds. */
  static ColumnChanges between(Schema has, Schema wanted) {
    List<NewColumn> added = new ArrayList<>();
    Map<String, Type.PrimitiveType> widened = new LinkedHashMap<>();
    Set<String> sent = new java.util.LinkedHashSet<>();
    for (NestedField column : wanted.columns()) {
      NestedField existing = has.findField(column.name());
      sent.add(column.name());
      if (existing == null) {
        added.add(new NewColumn(column.name(), column.type(), column.doc()));
      } else if (widens(existing, column.type())) {
        widened.put(column.name(), column.type().asPrimitiveType());
      }
    }
    return new ColumnChanges(added, widened, sent);
  }

  private static boolean widens(@Nullable NestedField existing, Type type) {
    return existing != null
        && !Widening.isSame(existing.type(), type)
        && Widening.isAllowed(existing.type(), type);
  }

  /** Whether a table has all of it already. */
  boolean isIn(Schema schema) {
    return added.stream().allMatch(column -> schema.findField(column.name()) != null)
        && widened.entrySet().stream()
            .noneMatch(column -> widens(schema.findField(column.getKey()), column.getValue()));
  }

  /** Asks for what a table lacks of it. */
  void addTo(UpdateSchema update, Schema schema) {
    for (NewColumn column : added) {
      if (schema.findField(column.name()) == null) {
        update.addColumn(null, column.name(), column.type(), column.doc());
      }
    }
    widened.forEach((name, type) -> {
      if (widens(schema.findField(name), type)) {
        update.updateColumn(name, type);
      }
    });
  }
}
