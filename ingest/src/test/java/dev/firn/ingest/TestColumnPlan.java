package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.ColumnChanges.NewColumn;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowKeys;
import dev.firn.writer.RowTarget;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.junit.jupiter.api.Test;

/** The table in the lake is {@code (id int key, n int, d decimal(10,2), s string)}. */
class TestColumnPlan {
  private static final NestedField ID = NestedField.required(1, "id", Types.IntegerType.get());
  private static final NestedField N = NestedField.optional(2, "n", Types.IntegerType.get());
  private static final NestedField D = NestedField.optional(3, "d", Types.DecimalType.of(10, 2));
  private static final NestedField S = NestedField.optional(4, "s", Types.StringType.get());
  private static final Schema INT = Schema.OPTIONAL_INT32_SCHEMA;
  private static final Schema LONG = Schema.OPTIONAL_INT64_SCHEMA;
  private static final Schema TEXT = Schema.OPTIONAL_STRING_SCHEMA;
  private static final Schema SMALL = decimal(10, 2);

  private static Schema decimal(int precision, int scale) {
    return Decimal.builder(scale)
        .parameter(ColumnType.PRECISION_PARAMETER, Integer.toString(precision))
        .optional()
        .build();
  }

  private static Schema row(Object... namesAndSchemas) {
    SchemaBuilder row = SchemaBuilder.struct().field("id", Schema.INT32_SCHEMA);
    for (int i = 0; i < namesAndSchemas.length; i += 2) {
      row.field((String) namesAndSchemas[i], (Schema) namesAndSchemas[i + 1]);
    }
    return row.build();
  }

  private static RowTarget lake(List<String> key, NestedField... columns) {
    org.apache.iceberg.Schema schema = new org.apache.iceberg.Schema(Arrays.asList(columns));
    return new RowTarget(
        TableIdentifier.of("s", "t"), schema, schema, key, RowKeys.of(schema, key), () -> 0);
  }

  private static ColumnPlan plan(RowTarget lake, Schema row, SchemaChanges policy) {
    return plan(lake, row, policy, Set.copyOf(lake.key()));
  }

  private static ColumnPlan plan(
      RowTarget lake, Schema row, SchemaChanges policy, Set<String> key) {
    Schema started = row("n", INT, "d", SMALL, "s", TEXT);
    return plan(lake, started, row, policy, key);
  }

  private static ColumnPlan plan(
      RowTarget lake, Schema started, Schema row, SchemaChanges policy, Set<String> key) {
    Map<String, Type> before =
        started.fields().stream()
            .collect(
                Collectors.toMap(
                    Field::name,
                    field -> ColumnType.of(field.schema(), Events.PLACEHOLDER).type()));
    return ColumnPlan.of(
        new CapturedTable(
            new SourceTable("s", "t"), started, lake.key(), Set.of(), ColumnRules.NONE),
        lake,
        new ColumnPlan.Event(key, row),
        before,
        Events.PLACEHOLDER,
        policy,
        "filled"::equals);
  }

  private static ColumnPlan evolve(Schema row) {
    return plan(lake(List.of("id"), ID, N, D, S), row, SchemaChanges.EVOLVE);
  }

  @Test
  void sameColumnsAskForNothing() {
    ColumnPlan plan = evolve(row("n", INT, "d", SMALL, "s", TEXT));
    assertThat(plan.isNeeded()).isFalse();
    assertThat(plan.said()).isEmpty();
    assertThat(plan.unread()).isEmpty();
  }

  @Test
  void newColumnIsAdded() {
    ColumnPlan plan = evolve(row("n", INT, "d", SMALL, "s", TEXT, "x", LONG));
    assertThat(plan.changes().added())
        .containsExactly(new NewColumn("x", Types.LongType.get(), null));
    assertThat(plan.unread()).isEmpty();
  }

  @Test
  void newColumnWithAValueForOldRowsIsSaid() {
    Schema withDefault = SchemaBuilder.int32().optional().defaultValue(7).build();
    assertThat(evolve(row("n", INT, "d", SMALL, "s", TEXT, "x", withDefault)).unread())
        .singleElement()
        .asString()
        .contains("x");
    assertThat(evolve(row("n", INT, "d", SMALL, "s", TEXT, "x", Schema.INT32_SCHEMA)).unread())
        .hasSize(1);
    assertThat(evolve(row("n", INT, "d", SMALL, "s", TEXT, "filled", INT)).unread()).hasSize(1);
  }

  @Test
  void goneColumnStaysAndARenameIsSaid() {
    ColumnPlan gone = evolve(row("n", INT, "d", SMALL));
    assertThat(gone.isNeeded()).isFalse();
    assertThat(gone.said()).containsExactly("column s is gone");
    assertThat(gone.unread()).isEmpty();
    ColumnPlan renamed = evolve(row("n", INT, "d", SMALL, "t", TEXT));
    assertThat(renamed.changes().added()).hasSize(1);
    assertThat(renamed.unread()).singleElement().asString().contains("t", "s", "new name");
  }

  @Test
  void columnThatComesBackIsSaid() {
    RowTarget lake =
        lake(List.of("id"), ID, N, D, S, NestedField.optional(5, "x", Types.LongType.get()));
    ColumnPlan plan =
        plan(lake, row("n", INT, "d", SMALL, "s", TEXT, "x", LONG), SchemaChanges.EVOLVE);
    assertThat(plan.isNeeded()).isFalse();
    assertThat(plan.unread()).singleElement().asString().contains("x is back");
  }

  @Test
  void typesGetWiderAndNarrowerOnesFit() {
    ColumnPlan wider = evolve(row("n", LONG, "d", decimal(14, 2), "s", TEXT));
    assertThat(wider.changes().widened())
        .isEqualTo(Map.of("n", Types.LongType.get(), "d", Types.DecimalType.of(14, 2)));
    ColumnPlan narrower = evolve(row("n", Schema.OPTIONAL_INT16_SCHEMA, "d", decimal(4, 2)));
    assertThat(narrower.changes().widened()).isEmpty();
  }

  @Test
  void incompatibleTypeStopsWithTheWaysOut() {
    assertThatThrownBy(() -> evolve(row("n", TEXT, "d", SMALL, "s", TEXT)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll(
            "n", "s.t", "string", "int", "schema.changes=new-column", "n_v2", "exclude.list");
    assertThatThrownBy(() -> evolve(row("n", INT, "d", decimal(10, 4), "s", TEXT)))
        .isInstanceOf(PipelineException.class);
  }

  @Test
  void incompatibleTypeGoesToANewColumnByPolicy() {
    RowTarget lake = lake(List.of("id"), ID, N, D, S);
    ColumnPlan plan = plan(lake, row("n", TEXT, "d", SMALL, "s", TEXT), SchemaChanges.NEW_COLUMN);
    assertThat(plan.changes().added())
        .containsExactly(new NewColumn("n_v2", Types.StringType.get(), "version 2 of column n"));
    assertThat(plan.unread()).hasSize(1);
  }

  @Test
  void typeDecidesTheVersionWhateverCameBefore() {
    RowTarget lake = lake(List.of("id"), ID, N, D, S, version(5, "n_v2", "version 2 of column n"));
    Schema text = row("n", TEXT, "d", SMALL, "s", TEXT);
    assertThat(plan(lake, text, SchemaChanges.NEW_COLUMN).isNeeded()).isFalse();
    assertThat(plan(lake, text, SchemaChanges.NEW_COLUMN).changes().sent()).contains("n_v2");
    ColumnPlan older = plan(lake, row("n", INT, "d", SMALL, "s", TEXT), SchemaChanges.NEW_COLUMN);
    assertThat(older.isNeeded()).isFalse();
    assertThat(older.changes().sent()).contains("n").doesNotContain("n_v2");
    ColumnPlan third =
        plan(
            lake,
            row("n", Schema.OPTIONAL_BOOLEAN_SCHEMA, "d", SMALL, "s", TEXT),
            SchemaChanges.NEW_COLUMN);
    assertThat(third.changes().added()).extracting(NewColumn::name).containsExactly("n_v3");
  }

  @Test
  void columnThatIsWrittenAgainHasTheTableRead() {
    RowTarget lake = lake(List.of("id"), ID, N, D, S, version(5, "n_v2", "version 2 of column n"));
    Schema number = row("n", INT, "d", SMALL, "s", TEXT);
    Schema text = row("n", TEXT, "d", SMALL, "s", TEXT);
    Set<String> key = Set.of("id");
    assertThat(plan(lake, text, text, SchemaChanges.NEW_COLUMN, key).unread()).isEmpty();
    assertThat(plan(lake, number, number, SchemaChanges.NEW_COLUMN, key).unread()).isEmpty();
    assertThat(plan(lake, text, number, SchemaChanges.NEW_COLUMN, key).unread())
        .containsExactly("values of column n go to the column n again");
    assertThat(plan(lake, number, text, SchemaChanges.NEW_COLUMN, key).unread())
        .containsExactly("values of column n go to the column n_v2 again");
    assertThatThrownBy(() -> plan(lake, text, number, SchemaChanges.STOP, key))
        .hasMessageContaining("column n is int, was string: its values go to column n again");
  }

  @Test
  void columnOfTheSourceThatOnlyLooksLikeAVersionIsItsOwn() {
    RowTarget lake =
        lake(List.of("id"), ID, N, D, S, NestedField.optional(5, "n_v2", Types.StringType.get()));
    ColumnPlan plan =
        plan(lake, row("n", TEXT, "d", SMALL, "s", TEXT, "n_v2", TEXT), SchemaChanges.NEW_COLUMN);
    assertThat(plan.changes().added()).extracting(NewColumn::name).containsExactly("n_v3");
  }

  private static NestedField version(int id, String name, String doc) {
    return NestedField.optional(id, name, Types.StringType.get(), doc);
  }

  @Test
  void stopMeansEveryChange() {
    RowTarget lake = lake(List.of("id"), ID, N, D, S);
    for (Schema row :
        List.of(
            row("n", INT, "d", SMALL, "s", TEXT, "x", INT),
            row("n", LONG, "d", SMALL, "s", TEXT),
            row("n", INT, "d", SMALL))) {
      assertThatThrownBy(() -> plan(lake, row, SchemaChanges.STOP))
          .isInstanceOf(PipelineException.class)
          .hasMessageContainingAll("s.t", "schema.changes=stop");
    }
    Schema same = row("n", INT, "d", SMALL, "s", TEXT);
    assertThat(plan(lake, same, SchemaChanges.STOP).isNeeded()).isFalse();
  }

  @Test
  void anotherKeyStops() {
    RowTarget keyed = lake(List.of("id"), ID, N, D, S);
    Schema row = row("n", INT, "d", SMALL, "s", TEXT);
    for (Set<String> key : List.of(Set.<String>of(), Set.of("n"), Set.of("id", "n"))) {
      assertThatThrownBy(() -> plan(keyed, row, SchemaChanges.EVOLVE, key))
          .isInstanceOf(PipelineException.class)
          .hasMessageContainingAll("s.t", "(id)", "exclude.list");
    }
    assertThatThrownBy(
            () -> plan(lake(List.of(), ID, N, D, S), row, SchemaChanges.EVOLVE, Set.of("id")))
        .hasMessageContaining("(none)");
  }

  @Test
  void keyColumnNeverGetsAVersion() {
    Schema row = SchemaBuilder.struct().field("id", Schema.STRING_SCHEMA).build();
    RowTarget lake = lake(List.of("id"), ID, N, D, S);
    assertThatThrownBy(() -> plan(lake, row, SchemaChanges.NEW_COLUMN))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("part of the key");
  }

  @Test
  void keylessRowsAreToldApartByWhatTheSourceHas() {
    RowTarget lake = lake(List.of(), ID, N, D, S);
    assertThat(plan(lake, row("n", INT, "d", SMALL, "s", TEXT), SchemaChanges.EVOLVE).isNeeded())
        .isFalse();
    assertThat(plan(lake, row("n", INT, "d", SMALL), SchemaChanges.EVOLVE).isNeeded()).isTrue();
    assertThat(plan(lake, row("n", INT, "d", SMALL, "t", TEXT), SchemaChanges.EVOLVE).unread())
        .last()
        .asString()
        .contains("no key");
  }
}
