package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.ColumnType.UnsupportedValueException;
import dev.firn.writer.Unavailable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts made by hand; {@link PostgresTypesIT} has PostgreSQL's own. */
class TestPostgresArray {
  private static ColumnType of(String element) {
    Schema schema =
        SchemaBuilder.string()
            .name(PostgresArray.SCHEMA_NAME)
            .parameter("element", element)
            .parameter("delimiter", element.equals("box") ? ";" : ",")
            .optional()
            .build();
    return ColumnType.of(schema, Events.PLACEHOLDER);
  }

  private static Object read(String element, String text) {
    return of(element).conversion().convert(text);
  }

  @Test
  void becomesAListOfWhatItsElementsAre() {
    assertThat(of("int8").type()).isEqualTo(Types.ListType.ofOptional(1, Types.LongType.get()));
    assertThat(of("other").type()).isEqualTo(Types.ListType.ofOptional(1, Types.StringType.get()));
  }

  @Test
  void elementsOfAnUnknownTypeAreRefusedByTheArraysName() {
    Schema schema =
        SchemaBuilder.string().name(PostgresArray.SCHEMA_NAME).parameter("array", "_pair").build();
    assertThatThrownBy(() -> ColumnType.of(schema, Events.PLACEHOLDER))
        .isInstanceOf(ColumnType.UnsupportedTypeException.class)
        .hasMessage("_pair");
  }

  @Test
  void elementsAreQuotedWhereTheyMustBe() {
    assertThat(read("text", "{}")).isEqualTo(List.of());
    assertThat(read("text", "{NULL,\"NULL\",null}")).isEqualTo(Arrays.asList(null, "NULL", "null"));
    assertThat(read("text", "{\"a\\\"b\",\"\\\\\",\"{,}\",\"\"}"))
        .isEqualTo(List.of("a\"b", "\\", "{,}", ""));
    assertThat(read("box", "{(1,1),(0,0);(2,2),(1,1)}"))
        .isEqualTo(List.of("(1,1),(0,0)", "(2,2),(1,1)"));
  }

  @Test
  void bytesComeInBothForms() {
    List<ByteBuffer> expected = List.of(ByteBuffer.wrap(new byte[] {0, (byte) 0xff, '\\', 'a'}));
    assertThat(read("bytea", "{\"\\\\x00ff5c61\"}")).isEqualTo(expected);
    assertThat(read("bytea", "{\"\\\\000\\\\377\\\\\\\\a\"}")).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-31 23:59:59.5+05:30, 2026-01-31T18:29:59.500Z",
    "2026-01-31 23:59:59-08, 2026-02-01T07:59:59Z",
    "0001-01-01 00:00:00+00:19:32 BC, -0001-12-31T23:40:28Z"
  })
  void zonesOfAnyKindAreRead(String text, String expected) {
    assertThat(read("timestamptz", "{\"" + text + "\"}"))
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
        .extracting(Object::toString)
        .containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int4|{{1,2},{3,4}}|an array of several dimensions",
        "int4|[0:1]={1,2}|an array that does not begin at 1",
        "date|{infinity}|an infinite date or timestamp",
        "timestamp|{\"294276-12-31 23:59:59.999999\"}|too late",
        "time|{24:00:00}|the time 24:00"
      })
  void whatAListCannotHoldIsNamed(String element, String text, String named) {
    assertThatThrownBy(() -> read(element, text))
        .isInstanceOf(UnsupportedValueException.class)
        .hasMessageContaining(named);
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "int4"})
  void valueThatWasNotSentIsUnavailable(String element) {
    assertThat(read(element, Events.PLACEHOLDER.text())).isSameAs(Unavailable.VALUE);
  }
}
