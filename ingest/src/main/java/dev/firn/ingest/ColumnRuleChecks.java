package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.firn.writer.Pipeline;
import dev.firn.writer.TableDefinition;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.kafka.connect.data.Field;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at a start what the masks of columns mean for the tables that there are. */
final class ColumnRuleChecks {
  /** The note of the control table that says what they were at the start before. */
  static final String NOTE = "column-rules";

  private static final TypeReference<Map<String, String>> SETTINGS = new TypeReference<>() {};
  private static final Logger LOG = LoggerFactory.getLogger(ColumnRuleChecks.class);

  private ColumnRuleChecks() {}

  /**
   * Looks at all of it, before anything is taken over.
   *
   * @param definitions by the tables of the source
   * @throws SettingsException naming the setting and the way out
   */
  static void run(
      SinkSettings settings,
      Collection<CapturedTable> tables,
      Map<SourceTable, TableDefinition> definitions,
      Catalog catalog) {
    Map<String, String> noted =
        Pipeline.look(catalog, settings.pipeline())
            .flatMap(state -> JsonNote.read(state.notes(), NOTE, SETTINGS))
            .orElse(Map.of());
    requireColumns(settings.columnRules(), tables, noted);
    for (CapturedTable table : tables) {
      TableDefinition definition =
          requireNonNull(definitions.get(table.source()), "definition is null");
      if (catalog.tableExists(definition.table())) {
        requireHeld(
            table,
            definition,
            catalog.loadTable(definition.table()).schema(),
            settings.schemaChanges());
      }
    }
  }

  /**
   * Looks whether each pattern names a column. One that the start before had already may have lost
   * it since.
   *
   * @param noted what {@link #NOTE} says
   * @throws SettingsException a new one names none: what it was meant for would be written plainly
   */
  static void requireColumns(
      ColumnRules rules, Collection<CapturedTable> tables, Map<String, String> noted) {
    Set<String> columns = new TreeSet<>();
    tables.forEach(table ->
        table
            .row()
            .fields()
            .forEach(field -> columns.add("%s.%s".formatted(table.source(), field.name()))));
    for (ColumnRules.Unmatched unmatched : rules.unmatched(columns)) {
      String what =
          "%s%s: %s names no column of a captured table; the nearest is %s"
              .formatted(
                  SinkSettings.PREFIX,
                  unmatched.setting(),
                  unmatched.pattern(),
                  Keys.nearest(unmatched.pattern().replace("\\", ""), columns));
      if (!ColumnRules.noted(noted).hasPattern(unmatched)) {
        throw new SettingsException(what);
      }
      LOG.warn("{}; it did at an earlier start", what);
    }
  }

  /**
   * Looks whether a table that is in the lake can take the masked columns.
   *
   * @throws SettingsException one has another type there, and nothing lets it become another column
   */
  static void requireHeld(
      CapturedTable table, TableDefinition definition, Schema lake, SchemaChanges policy) {
    LakeColumns has = new LakeColumns(lake);
    for (NestedField column : definition.schema().columns()) {
      boolean mayMove =
          policy == SchemaChanges.NEW_COLUMN && !definition.key().contains(column.name());
      if (table.rule(column.name()) instanceof ColumnRule.Hash
          && !mayMove
          && isOther(has, column.name(), column.type())) {
        throw new SettingsException(
            "%s makes column %s of table %s a string, but in table %s of the lake it is %s; %s"
                .formatted(
                    table.rules().setting(table.source(), column.name()),
                    column.name(),
                    table.source(),
                    definition.table(),
                    has.newest(column.name()).orElseThrow().type(),
                    ways(definition, column.name())));
      }
    }
  }

  private static boolean isOther(LakeColumns lake, String name, Type type) {
    return lake.newest(name).isPresent() && lake.holding(name, type).isEmpty();
  }

  private static String ways(TableDefinition definition, String column) {
    return definition.key().contains(column)
        ? "as it is part of the key, take the table with a pipeline of its own into another table-namespace"
        : "set %s%s=new-column, or take the table with a pipeline of its own into another table-namespace"
            .formatted(SinkSettings.PREFIX, SchemaChanges.KEY);
  }

  /**
   * Writes down that tables have to be read whose columns are masked in another way than before,
   * and that no change is applied to them until then: it could bring values with it that their rows
   * still have. Nothing is followed yet.
   */
  static void askForOthers(Pipeline pipeline, ColumnRules now, Collection<TableDecoder> tables) {
    ColumnRules before = ColumnRules.noted(noted(pipeline));
    if (pipeline.offset().isPresent()) {
      for (TableDecoder table : tables) {
        List<String> changed = changed(table, before, now);
        if (!changed.isEmpty()) {
          ask(pipeline, table, String.join(", ", changed));
        }
      }
    }
    JsonNote.write(pipeline, NOTE, new TreeMap<>(now.settings()));
  }

  /**
   * Looks whether the columns of tables that cannot be read again are masked as before.
   *
   * @throws SettingsException they are not
   */
  static void requireSame(Pipeline pipeline, ColumnRules now, Collection<CapturedTable> tables) {
    ColumnRules before = ColumnRules.noted(noted(pipeline));
    if (pipeline.offset().isEmpty()) {
      return;
    }
    for (CapturedTable table : tables) {
      table.row().fields().stream()
          .map(Field::name)
          .filter(
              column -> !before.of(table.source(), column).equals(now.of(table.source(), column)))
          .findFirst()
          .ifPresent(column -> {
            throw new SettingsException(
                "column %s of table %s is masked in another way than before, for which it has to be read again; mask it as before, or run firn resnapshot --all --new-slot with the new settings: all tables are then read anew"
                    .formatted(column, table.source()));
          });
    }
  }

  private static Map<String, String> noted(Pipeline pipeline) {
    return JsonNote.read(pipeline, NOTE, SETTINGS).orElse(Map.of());
  }

  private static List<String> changed(TableDecoder table, ColumnRules before, ColumnRules now) {
    Set<String> columns = new LinkedHashSet<>();
    table.captured().row().fields().stream().map(Field::name).forEach(columns::add);
    table.target().columns().columns().stream().map(NestedField::name).forEach(columns::add);
    SourceTable name = table.source();
    return columns.stream()
        .filter(column -> !before.of(name, column).equals(now.of(name, column)))
        .toList();
  }

  private static void ask(Pipeline pipeline, TableDecoder table, String columns) {
    LOG.warn(
        "columns {} of table {} are masked in another way than before: the table is read again, and table {} takes no changes until then; its older snapshots, its tags and its changelog keep the values that they have: see decision 27",
        columns,
        table.source(),
        table.table());
    pipeline.requestReading(
        table.table(), "columns %s are masked in another way".formatted(columns), true);
  }
}
