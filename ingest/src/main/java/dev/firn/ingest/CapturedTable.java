package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.TableDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;

/**
 * A table of the source as its events describe it.
 *
 * @param row the Connect schema of its rows
 * @param key its key columns, none for a keyless table
 * @param unsent generated columns: PostgreSQL does not send them, so that the lake does without
 * @param rules what becomes of its columns before they are written, also of those that it gets
 * @param texts which of its columns become text, where that is not the connector's to do
 * @param shard what it is among the shards of its table; empty: it has a table of its own
 */
record CapturedTable(
    SourceTable source,
    Schema row,
    List<String> key,
    Set<String> unsent,
    ColumnRules rules,
    ColumnForms texts,
    Optional<Shard> shard) {
  /** One that has a table of its own. */
  CapturedTable(
      SourceTable source, Schema row, List<String> key, Set<String> unsent, ColumnRules rules) {
    this(source, row, key, unsent, rules, ColumnForms.NONE);
  }

  /** The same with columns that become text. */
  CapturedTable(
      SourceTable source,
      Schema row,
      List<String> key,
      Set<String> unsent,
      ColumnRules rules,
      ColumnForms texts) {
    this(source, row, key, unsent, rules, texts, Optional.empty());
  }

  /** The same, as a shard or not. */
  CapturedTable as(Optional<Shard> other) {
    return new CapturedTable(source, row, key, unsent, rules, texts, other);
  }

  CapturedTable {
    requireNonNull(source, "source is null");
    requireNonNull(row, "row is null");
    key = List.copyOf(key);
    unsent = Set.copyOf(unsent);
    requireNonNull(rules, "rules is null");
    requireNonNull(texts, "texts is null");
    requireNonNull(shard, "shard is null");
  }

  /** The columns of its key in the lake. */
  List<String> keyInLake() {
    return shard
        .filter(Shard::inKey)
        .map(known -> Stream.concat(key.stream(), Stream.of(known.column())).toList())
        .orElse(key);
  }

  /** Of the columns of a key in the lake those that the source has. */
  Set<String> ownOf(Collection<String> keyInLake) {
    Set<String> own = new HashSet<>(keyInLake);
    shard.ifPresent(known -> own.remove(known.column()));
    return own;
  }

  private void addShard(Shard known, List<Types.NestedField> columns) {
    if (key.isEmpty()) {
      throw new SettingsException(
          "table %s has no key, and cannot be a shard of a table with others: give it a primary key, or a table of its own"
              .formatted(source));
    }
    if (row.field(known.column()) != null) {
      throw new SettingsException(
          "table %s has a column %s itself; name the column of its shard by %s%s"
              .formatted(source, known.column(), SinkSettings.PREFIX, ShardRoutes.COLUMN));
    }
    columns.add(
        Types.NestedField.required(
            columns.size() + 1, known.column(), Types.StringType.get(), "the source table"));
  }

  /** What becomes of a column's values before they are written. */
  ColumnRule rule(String column) {
    return rules.of(source, column);
  }

  /** Whether the lake does without a column. */
  boolean leavesOut(String column) {
    return unsent.contains(column) || rule(column) instanceof ColumnRule.Drop;
  }

  /**
   * Looks whether its rows can still be told apart under its rules, and whether these go with its
   * columns.
   *
   * @throws SettingsException they cannot, or do not
   */
  void requireRules(ColumnType.Placeholder placeholder) {
    for (Field field : row.fields()) {
      if (key.contains(field.name()) && !rule(field.name()).tellsApart()) {
        throw new SettingsException(
            "%s names column %s of table %s, which is part of the key: different rows would become one; a column of the key can be hashed (%s%s)"
                .formatted(
                    rules.setting(source, field.name()),
                    field.name(),
                    source,
                    SinkSettings.PREFIX,
                    ColumnRules.HASH));
      }
      if (!leavesOut(field.name())) {
        requireSingle(field.name(), columnType(field, placeholder).type());
      }
    }
  }

  /** What a document or a geometry holds may be written in several ways. */
  private void requireSingle(String column, Type type) {
    Optional<String> setting = setting(type);
    if (key.contains(column) && setting.isPresent()) {
      throw new SettingsException(
          "column %1$s of table %2$s is part of the key, and cannot be a %3$s; take it out of %4$s%5$s, or keep it as text with %6$s"
              .formatted(
                  column,
                  source,
                  type.typeId().name().toLowerCase(Locale.ROOT),
                  SinkSettings.PREFIX,
                  setting.orElseThrow(),
                  ColumnForms.asText(source, column)));
    }
  }

  /** What makes columns have a type. */
  private static Optional<String> setting(Type type) {
    return switch (type.typeId()) {
      case VARIANT -> Optional.of(ColumnForms.VARIANT);
      case GEOMETRY -> Optional.of(ColumnForms.GEOMETRY);
      default -> Optional.empty();
    };
  }

  /**
   * Looks whether a table of format version 2 can have columns.
   *
   * @throws SettingsException it cannot
   */
  static void requireFormat2(SourceTable source, org.apache.iceberg.Schema columns) {
    for (Types.NestedField column : columns.columns()) {
      if (ColumnType.needsFormat3(column.type())) {
        throw new SettingsException(
            "column %s of table %s is %s, which tables of format-version=2 cannot have; %s"
                .formatted(column.name(), source, column.type(), waysToFormat3(column.type())));
      }
    }
  }

  /** What lets a column that needs it be written. */
  static String waysToFormat3(Type type) {
    return setting(type)
        .map(key ->
            "take it out of %s%s, or let the table have format version 3"
                .formatted(SinkSettings.PREFIX, key))
        .orElse("let the table have format version 3");
  }

  /** What it asks of its table in the lake: key columns required, all others optional. */
  TableDefinition definition(
      TableIdentifier table, ColumnType.Placeholder placeholder, boolean changelog) {
    requireRules(placeholder);
    List<Types.NestedField> columns = new ArrayList<>();
    AtomicInteger nested = new AtomicInteger(row.fields().size() + 1);
    for (Field field : row.fields()) {
      if (!leavesOut(field.name())) {
        int id = columns.size() + 1;
        Type type =
            TypeUtil.assignFreshIds(columnType(field, placeholder).type(), nested::incrementAndGet);
        columns.add(
            key.contains(field.name())
                ? Types.NestedField.required(id, field.name(), type)
                : Types.NestedField.optional(id, field.name(), type));
      }
    }
    shard.ifPresent(known -> addShard(known, columns));
    return new TableDefinition(
        table, new org.apache.iceberg.Schema(columns), keyInLake(), changelog);
  }

  /**
   * What a column is in the lake, and how its values become so, masked where they are to be.
   *
   * @throws SettingsException it cannot be stored exactly, or not masked as is set
   */
  ColumnType columnType(Field field, ColumnType.Placeholder placeholder) {
    ColumnRule rule = rule(field.name());
    ColumnType plain = rule.taken(plainType(field, placeholder), placeholder);
    rule.hindrance(plain.type())
        .ifPresent(why -> {
          throw new SettingsException(
              "%s names column %s of table %s, which is %s: %s"
                  .formatted(
                      rules.setting(source, field.name()),
                      field.name(),
                      source,
                      plain.type(),
                      why));
        });
    return rule.on(plain);
  }

  private ColumnType plainType(Field field, ColumnType.Placeholder placeholder) {
    try {
      return texts.isText(source.toString(), field.name())
          ? ColumnType.asText(field.schema(), placeholder)
          : ColumnType.of(field.schema(), placeholder);
    } catch (ColumnType.UnsupportedTypeException e) {
      throw new SettingsException(
          unsupported(source, field.name(), String.valueOf(e.getMessage())), e);
    }
  }

  /** The message for a column whose type has no exact counterpart. */
  static String unsupported(SourceTable source, String column, String type) {
    return "column %1$s of table %2$s has type %3$s, which Firn cannot store exactly; keep it as text with %4$s, or leave it out with debezium.source.column.exclude.list=%2$s.%1$s, or the table with debezium.source.table.exclude.list=%2$s"
        .formatted(column, source, type, ColumnForms.asText(source, column));
  }
}
