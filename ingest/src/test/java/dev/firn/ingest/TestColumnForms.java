package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestColumnForms {
  private static ColumnForms forms(String text, String variant) {
    return ColumnForms.parse(
        new Keys(
            SinkSettings.PREFIX, Map.of(ColumnForms.TEXT, text, ColumnForms.VARIANT, variant)));
  }

  @Test
  void textCountsWhereBothNameAColumn() {
    ColumnForms forms = forms("s\\.t\\.a", ".*\\.a, .*\\.b");
    assertThat(forms.isText("s.t", "a")).isTrue();
    assertThat(forms.isVariant("s.t", "a")).isFalse();
    assertThat(forms.isVariant("s.t", "b")).isTrue();
    assertThat(forms.isText("s.t", "b")).isFalse();
    assertThat(forms.isVariant("s.t", "ab")).isFalse();
  }

  @Test
  void patternsThatNameNoColumnAreFound() {
    assertThat(forms("s\\.t\\.a, s\\.t\\.x", "s\\.y\\..*").unmatched(List.of("s.t.a", "s.t.b")))
        .containsExactly(
            new ColumnForms.Unmatched("columns.as-text", "s\\.t\\.x"),
            new ColumnForms.Unmatched("columns.as-variant", "s\\.y\\..*"));
    assertThat(forms(".*", "").unmatched(List.of("s.t.a"))).isEmpty();
  }

  @Test
  void warningNamesThePatternAndTheNearestColumn() {
    List<CapturedTable> tables = List.of(Events.captured(List.of("id")));
    assertThat(ColumnFormChecks.warnings(forms("s\\.t\\.nme, s\\.t\\.id", ""), tables))
        .containsExactly(
            "debezium.sink.iceberg.columns.as-text: s\\.t\\.nme names no column of a captured table; the nearest is s.t.name");
    assertThat(ColumnFormChecks.warnings(forms("", "s\\.x"), List.of()))
        .containsExactly(
            "debezium.sink.iceberg.columns.as-variant: s\\.x names no column of a captured table");
  }

  @Test
  void patternThatIsNoneIsNamed() {
    assertThatThrownBy(() -> forms("(", ""))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("debezium.sink.iceberg.columns.as-text=(");
  }
}
