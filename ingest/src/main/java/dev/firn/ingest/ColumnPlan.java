package dev.firn.ingest;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.ColumnChanges.NewColumn;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;

/**
 * What events of another schema mean for their table in the lake.
 *
 * @param changes what the lake's table needs, before it can take a row of theirs
 * @param isNeeded whether it needs anything
 * @param said what has changed, for the log; empty: nothing worth saying
 * @param unread why rows that are in the lake lack values that they have at the source; empty: they
 *     do not
 */
record ColumnPlan(ColumnChanges changes, boolean isNeeded, List<String> said, List<String> unread) {
  ColumnPlan {
    said = List.copyOf(said);
    unread = List.copyOf(unread);
  }

  /** The source's columns as an event describes them. */
  record Event(Set<String> key, Schema row) {
    static Event of(@org.jspecify.annotations.Nullable Schema key, Schema row) {
      Set<String> names = new LinkedHashSet<>();
      if (key != null) {
        key.fields().forEach(field -> names.add(field.name()));
      }
      return new Event(names, row);
    }
  }

  /**
   * Compares them with the lake's.
   *
   * @param before the columns that the source had in the event before, with the lake's types for
   *     them
   * @param filled whether rows from before a column was added may have a value there; events tell
   *     it of plain values only, not of those that an expression makes
   * @throws PipelineException the change cannot be followed, or must not be
   */
  static ColumnPlan of(
      CapturedTable captured,
      RowTarget target,
      Event event,
      Map<String, Type> before,
      ColumnType.Placeholder placeholder,
      SchemaChanges policy,
      Predicate<String> filled) {
    requireSameKey(captured, target, event);
    ColumnPlan plan =
        new Making(captured, target, event.row(), before, placeholder, policy, filled).plan();
    if (policy == SchemaChanges.STOP && !plan.said().isEmpty()) {
      throw new PipelineException(
          "table %s has changed at the source: %s; with %s%s=stop nothing is followed: set it to evolve, or bring the table back to its columns"
              .formatted(
                  captured.source(),
                  String.join(", ", plan.said()),
                  SinkSettings.PREFIX,
                  SchemaChanges.KEY));
    }
    return plan;
  }

  private static void requireSameKey(CapturedTable captured, RowTarget target, Event event) {
    if (!event.key().equals(captured.ownOf(target.key()))) {
      throw new SchemaConflictException(
          "table %s has the key %s at the source now, its rows in the lake (table %s) have the key %s, and are not told apart by another one"
              .formatted(
                  captured.source(),
                  shown(event.key()),
                  target.table(),
                  shown(captured.ownOf(target.key()))),
          "bring the key back, or leave the table out with debezium.source.table.exclude.list=%s, or take it with a pipeline of its own into another table-namespace"
              .formatted(captured.source()));
    }
  }

  private static String shown(java.util.Collection<String> key) {
    return key.isEmpty() ? "(none)" : "(%s)".formatted(String.join(", ", key));
  }

  private static final class Making {
    private final CapturedTable captured;
    private final RowTarget target;
    private final LakeColumns lake;
    private final Schema row;
    private final Map<String, Type> before;
    private final ColumnType.Placeholder placeholder;
    private final SchemaChanges policy;
    private final Predicate<String> filled;
    private final List<NewColumn> added = new ArrayList<>();
    private final Map<String, Type.PrimitiveType> widened = new LinkedHashMap<>();
    private final Set<String> sent = new LinkedHashSet<>();
    private final List<String> said = new ArrayList<>();
    private final List<String> unread = new ArrayList<>();

    Making(
        CapturedTable captured,
        RowTarget target,
        Schema row,
        Map<String, Type> before,
        ColumnType.Placeholder placeholder,
        SchemaChanges policy,
        Predicate<String> filled) {
      this.captured = captured;
      this.target = target;
      this.lake = new LakeColumns(target.columns());
      this.row = row;
      this.before = before;
      this.placeholder = placeholder;
      this.policy = policy;
      this.filled = filled;
    }

    ColumnPlan plan() {
      // What the lake never had is not gone: the source may be ahead of its events.
      List<String> gone =
          before.keySet().stream()
              .filter(name -> row.field(name) == null && lake.newest(name).isPresent())
              .sorted()
              .toList();
      gone.forEach(name -> said.add("column %s is gone".formatted(name)));
      for (Field field : row.fields()) {
        if (!captured.leavesOut(field.name())) {
          take(field, gone);
        }
      }
      if (target.key().isEmpty() && !unread.isEmpty()) {
        unread.add("the table has no key, so that changes of such rows do not find them");
      }
      boolean otherKeys = target.key().isEmpty() && !sent.equals(target.keys().columns());
      ColumnChanges changes = new ColumnChanges(added, widened, sent);
      return new ColumnPlan(
          changes, !added.isEmpty() || !widened.isEmpty() || otherKeys, said, unread);
    }

    private void take(Field field, List<String> gone) {
      String name = field.name();
      Type type = captured.columnType(field, placeholder).type();
      NestedField holding = lake.holding(name, type).orElse(null);
      NestedField widenable = lake.widenable(name, type).orElse(null);
      if (holding != null) {
        sent.add(holding.name());
        takeBack(name, type, holding);
      } else if (widenable != null) {
        sent.add(widenable.name());
        widened.put(widenable.name(), type.asPrimitiveType());
        said.add("column %s is %s, was %s".formatted(name, type, widenable.type()));
        takeBack(name, type, widenable);
      } else if (lake.newest(name).isEmpty()) {
        add(name, type);
        said.add("column %s (%s) is new".formatted(name, type));
        whyUnread(field, gone);
      } else {
        takeIncompatible(name, type, lake.newest(name).orElseThrow());
      }
    }

    /** Rows that were written meanwhile have nothing in a column that is used again. */
    private void takeBack(String name, Type type, NestedField column) {
      Type earlier = before.get(name);
      if (earlier == null) {
        said.add("column %s is back".formatted(name));
        unread.add("column %s is back, with the values from before it went".formatted(name));
      } else if (lake.holding(name, earlier).map(held -> !held.equals(column)).orElse(false)) {
        said.add(
            "column %s is %s, was %s: its values go to column %s again"
                .formatted(name, type, earlier, column.name()));
        unread.add("values of column %s go to the column %s again".formatted(name, column.name()));
      }
    }

    private void add(String name, Type type) {
      requireKnown(name, type);
      NewColumn column = lake.next(name, type, other -> row.field(other) != null);
      added.add(column);
      sent.add(column.name());
    }

    private void requireKnown(String name, Type type) {
      if (ColumnType.needsFormat3(type) && !target.hasRowLineage()) {
        throw new PipelineException(
            "column %s of table %s is %s, which table %s of format version 2 cannot have; %s"
                .formatted(
                    name,
                    captured.source(),
                    type,
                    target.table(),
                    CapturedTable.waysToFormat3(type)));
      }
    }

    private void whyUnread(Field field, List<String> gone) {
      if (field.schema().defaultValue() != null
          || !field.schema().isOptional()
          || filled.test(field.name())) {
        unread.add(
            "column %s is new, with a value for rows that were there".formatted(field.name()));
      } else if (!gone.isEmpty()) {
        unread.add(
            "column %s is new while %s went, which may be a new name"
                .formatted(field.name(), String.join(", ", gone)));
      }
    }

    private void takeIncompatible(String name, Type type, NestedField old) {
      if (target.key().contains(old.name()) || policy != SchemaChanges.NEW_COLUMN) {
        throw incompatible(name, type, old);
      }
      add(name, type);
      said.add(
          "column %s is %s, was %s: its values go to column %s"
              .formatted(name, type, old.type(), added.getLast().name()));
      unread.add(
          "values of column %s go to the new column %s".formatted(name, added.getLast().name()));
    }

    private SchemaConflictException incompatible(String name, Type type, NestedField old) {
      String ways =
          target.key().contains(old.name())
              ? "it is part of the key: bring its type back"
              : "bring its type back, or set %s%s=new-column (its values then go to %s), or leave it out with debezium.source.column.exclude.list=%s.%s"
                  .formatted(
                      SinkSettings.PREFIX,
                      SchemaChanges.KEY,
                      lake.next(name, type, other -> row.field(other) != null).name(),
                      captured.source(),
                      name);
      return new SchemaConflictException(
          "column %s of table %s is %s at the source now, which column %s of table %s (%s) cannot hold"
              .formatted(name, captured.source(), type, old.name(), target.table(), old.type()),
          ways + ", or take the table with a pipeline of its own into another table-namespace");
    }
  }
}
