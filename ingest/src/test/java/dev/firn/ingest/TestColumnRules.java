package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.Unavailable;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

class TestColumnRules {
  private static final SourceTable TABLE = new SourceTable("s", "t");
  private static final String KEY = "a key of tests, long enough";

  private static ColumnRules rules(String... keysAndValues) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      values.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return ColumnRules.parse(new Keys(SinkSettings.PREFIX, values));
  }

  private static ColumnType text() {
    return new ColumnType(Types.StringType.get(), value -> value);
  }

  private static Object masked(ColumnRule rule, ColumnType type, Object value) {
    return rule.on(type).conversion().convert(value);
  }

  @Test
  void theStrictestCounts() {
    ColumnRules rules =
        rules(
            "columns.mask.truncate.9", "s\\.t\\..*",
            "columns.mask.truncate.3", "s\\.t\\.[b-z]",
            "columns.mask.hash", "s\\.t\\.[c-z]",
            "columns.mask.key", KEY,
            "columns.mask.redact", "s\\.t\\.[d-z]",
            "columns.mask.null", "s\\.t\\.[e-z]",
            "columns.drop", "s\\.t\\.f, other");
    assertThat(List.of("a", "b", "c", "d", "e", "f").stream().map(c -> rules.of(TABLE, c)))
        .containsExactly(
            new ColumnRule.Truncate(9),
            new ColumnRule.Truncate(3),
            new ColumnRule.Hash(MaskKey.of(KEY)),
            new ColumnRule.Redact(),
            new ColumnRule.Null(),
            new ColumnRule.Drop());
    assertThat(rules.of(new SourceTable("x", "t"), "a")).isEqualTo(ColumnRules.KEEP);
    assertThat(rules.setting(TABLE, "d")).isEqualTo("debezium.sink.iceberg.columns.mask.redact");
  }

  @Test
  void equalTextsHashEquallyWhateverTheirTypes() {
    ColumnRule hash = new ColumnRule.Hash(MaskKey.of(KEY));
    ColumnType number = new ColumnType(Types.LongType.get(), value -> value);
    assertThat(masked(hash, text(), "5"))
        .isEqualTo(masked(hash, number, 5L))
        .isEqualTo(masked(hash, number, 5))
        .asString()
        .matches("[0-9a-f]{64}");
    assertThat(masked(hash, text(), "5")).isNotEqualTo(masked(hash, text(), "6"));
    assertThat(masked(new ColumnRule.Hash(MaskKey.of(KEY + "!")), text(), "5"))
        .isNotEqualTo(masked(hash, text(), "5"));
    assertThat(hash.on(number).type()).isEqualTo(Types.StringType.get());
    // openssl dgst -sha256 -hmac 'a key of tests, long enough'
    assertThat(masked(hash, text(), "geheim"))
        .isEqualTo(
            masked(
                hash,
                new ColumnType(Types.BinaryType.get(), value -> value),
                ByteBuffer.wrap("geheim".getBytes(UTF_8))))
        .isEqualTo("c44fc5e09fd539425f00dbdce52373547904f1cc049835e97b46abefd8ebbb45");
  }

  @Test
  void beginningsAreOfWholeLetters() {
    ColumnRule truncate = new ColumnRule.Truncate(2);
    assertThat(masked(truncate, text(), "äöü")).isEqualTo("äö");
    assertThat(masked(truncate, text(), "a\uD83D\uDE00b")).isEqualTo("a\uD83D\uDE00");
    assertThat(masked(truncate, text(), "a")).isEqualTo("a");
    ByteBuffer cut =
        (ByteBuffer)
            masked(
                truncate,
                new ColumnType(Types.BinaryType.get(), v -> v),
                ByteBuffer.wrap(new byte[] {1, 2, 3}));
    assertThat(cut).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
    assertThat(truncate.hindrance(Types.IntegerType.get())).isPresent();
  }

  @Test
  void redactedValuesAreOneOfTheirType() {
    ColumnRule redact = new ColumnRule.Redact();
    assertThat(masked(redact, text(), "x")).isEqualTo("***");
    assertThat(masked(redact, new ColumnType(Types.DecimalType.of(9, 2), v -> v), BigDecimal.ONE))
        .isEqualTo(new BigDecimal("0.00"));
    assertThat(masked(redact, new ColumnType(Types.UUIDType.get(), v -> v), UUID.randomUUID()))
        .isEqualTo(new UUID(0, 0));
    assertThat(
            masked(
                redact,
                new ColumnType(Types.ListType.ofOptional(1, Types.StringType.get()), v -> v),
                List.of("x")))
        .isEqualTo(List.of());
  }

  @Test
  void valueThatNoTypeHoldsIsNoneForARedactedColumn() {
    ColumnType strict =
        new ColumnType(
            Types.DateType.get(),
            value -> {
              throw new ColumnType.UnsupportedValueException("an infinite date");
            });
    assertThat(masked(new ColumnRule.Redact(), strict, 1)).isNotNull();
    assertThatThrownBy(() -> masked(new ColumnRule.Hash(MaskKey.of(KEY)), strict, 1))
        .isInstanceOf(ColumnType.UnsupportedValueException.class);
  }

  @Test
  void valueThatWasNotSentStaysSo() {
    ColumnType unsent = new ColumnType(Types.StringType.get(), value -> Unavailable.VALUE);
    assertThat(masked(new ColumnRule.Hash(MaskKey.of(KEY)), unsent, "x"))
        .isEqualTo(Unavailable.VALUE);
    assertThat(masked(new ColumnRule.Truncate(1), unsent, "x")).isEqualTo(Unavailable.VALUE);
  }

  @Test
  void whatIsNotedTellsOtherRulesAndKeysApartAndKeepsTheKey() {
    ColumnRules rules =
        rules("columns.mask.hash", "s\\.t\\.a", "columns.mask.key", KEY, "columns.drop", "b");
    assertThat(rules.toString() + rules.settings()).doesNotContain(KEY);
    ColumnRules noted = ColumnRules.noted(rules.settings());
    assertThat(noted.of(TABLE, "a")).isEqualTo(rules.of(TABLE, "a"));
    ColumnRules otherKey = rules("columns.mask.hash", "s\\.t\\.a", "columns.mask.key", KEY + "2");
    assertThat(noted.of(TABLE, "a")).isNotEqualTo(otherKey.of(TABLE, "a"));
    assertThat(ColumnRules.noted(Map.of())).isEqualTo(ColumnRules.NONE);
  }

  @Test
  void keyIsNeededAndNeverShown() {
    assertThatThrownBy(() -> rules("columns.mask.hash", "a"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("columns.mask.key is missing");
    assertThatThrownBy(() -> rules("columns.mask.hash", "a", "columns.mask.key", "short"))
        .hasMessageContaining("columns.mask.key=***")
        .hasMessageNotContaining("short");
    for (String mistyped : List.of("columns.mask.kye", "column.mask.key", "columns.mask.keys")) {
      assertThatThrownBy(
              () -> SinkSettings.parse(Map.of("dir", "/l", mistyped, "hidden value"), 1 << 30))
          .hasMessageEndingWith("columns.mask.key")
          .hasMessageNotContaining("hidden");
    }
    assertThatThrownBy(
            () -> SinkSettings.parse(Map.of("dir", "/l", "columns.mask.truncate", "a"), 1 << 30))
        .hasMessageContaining("nearest known key is debezium.sink.iceberg.columns.mask.truncate.4");
  }

  @Test
  void patternsThatNameNoColumnAreFound() {
    ColumnRules rules =
        rules("columns.drop", "s\\.t\\.a, s\\.t\\.x", "columns.mask.null", ".*\\.b");
    assertThat(rules.unmatched(List.of("s.t.a", "s.t.b")))
        .containsExactly(new ColumnRules.Unmatched("columns.drop", "s\\.t\\.x"));
  }
}
