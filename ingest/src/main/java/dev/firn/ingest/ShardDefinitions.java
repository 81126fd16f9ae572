package dev.firn.ingest;

import dev.firn.writer.TableDefinition;
import dev.firn.writer.Widening;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types.NestedField;

/** Makes one definition of what several shards ask of their table. */
final class ShardDefinitions {
  private ShardDefinitions() {}

  /**
   * One with all of their columns, each in its widest type.
   *
   * @param shards at least one, all of the same table
   * @throws SettingsException they do not go into one table
   */
  static TableDefinition merged(List<TableDefinition> shards) {
    TableDefinition first = shards.getFirst();
    Map<String, NestedField> columns = new LinkedHashMap<>();
    for (TableDefinition shard : shards) {
      requireSame(first, shard);
      for (NestedField column : shard.schema().columns()) {
        columns.merge(column.name(), column, (one, other) -> wider(first, one, other));
      }
    }
    return new TableDefinition(
        first.table(), numbered(columns), first.key(), first.changelog(), first.layout());
  }

  /**
   * The same of a table that is there, whose columns count: what those of a shard have become since
   * goes by its events.
   *
   * @throws SettingsException they have other keys, or are configured in other ways
   */
  static TableDefinition known(List<TableDefinition> shards) {
    TableDefinition first = shards.getFirst();
    Map<String, NestedField> columns = new LinkedHashMap<>();
    for (TableDefinition shard : shards) {
      requireSame(first, shard);
      shard.schema().columns().forEach(column -> columns.putIfAbsent(column.name(), column));
    }
    return new TableDefinition(
        first.table(), numbered(columns), first.key(), first.changelog(), first.layout());
  }

  private static void requireSame(TableDefinition one, TableDefinition other) {
    requireSameKey(one.table(), one.key(), other.key());
    if (one.changelog() != other.changelog() || !one.layout().equals(other.layout())) {
      throw new SettingsException(
          "shards of table %s are configured in other ways: %s.* and changelog.exclude.list must say the same of all of them"
              .formatted(one.table(), TableLayouts.PREFIX + "<schema>.<table>"));
    }
  }

  static void requireSameKey(TableIdentifier table, List<String> one, List<String> other) {
    if (!Set.copyOf(one).equals(Set.copyOf(other))) {
      throw new SettingsException(
          "shards of table %s have other keys: %s and %s; give them the same key, or tables of their own"
              .formatted(table, one, other));
    }
  }

  private static NestedField wider(TableDefinition table, NestedField one, NestedField other) {
    if (Widening.isAllowed(one.type(), other.type())) {
      return other;
    }
    if (Widening.isAllowed(other.type(), one.type())) {
      return one;
    }
    throw new SettingsException(
        "shards of table %s have a column %s of other types: %s and %s; give it the same type, or leave it out of one with columns.drop"
            .formatted(table.table(), one.name(), one.type(), other.type()));
  }

  private static Schema numbered(Map<String, NestedField> columns) {
    List<NestedField> numbered = new ArrayList<>();
    AtomicInteger nested = new AtomicInteger(columns.size());
    for (NestedField column : columns.values()) {
      int id = numbered.size() + 1;
      Type type = TypeUtil.assignFreshIds(column.type(), nested::incrementAndGet);
      numbered.add(
          column.isRequired()
              ? NestedField.required(id, column.name(), type)
              : NestedField.optional(id, column.name(), type));
    }
    return new Schema(numbered);
  }
}
