package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresTypes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/TYPES.md} says what {@link PostgresTypesIT} tests. */
class TestTypesPage {
  private static final Path PAGE = Path.of("..", "docs", "TYPES.md");
  private static final Path MADE = Path.of("target", "TYPES.md");
  private static final int LONG = 50;
  private static final String BEGIN =
      "| PostgreSQL | Iceberg | value | in the lake |\n|---|---|---|---|\n";

  @Test
  void tableIsThatOfTheTests() throws Exception {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf("\n\n", begin - 1);
    String rows =
        PostgresTypes.TYPES.stream().map(TestTypesPage::row).collect(Collectors.joining("\n"));
    Files.writeString(MADE, page.substring(0, begin) + rows + page.substring(end));
    assertThat(page).as("copy %s to %s", MADE, PAGE).isEqualTo(Files.readString(MADE));
  }

  private static String row(PostgresTypes.Type type) {
    List<String> values = new ArrayList<>();
    List<String> shown = new ArrayList<>();
    for (int i = 0; i < type.values().size(); i += 2) {
      values.add(code(type.values().get(i)));
      shown.add(code(type.values().get(i + 1)));
    }
    return "| %s | %s | %s | %s |"
        .formatted(
            code(type.type()),
            code(type.iceberg()),
            String.join("<br>", values),
            values.equals(shown) ? "the same" : String.join("<br>", shown));
  }

  private static String code(String text) {
    if (text.isEmpty()) {
      return "(empty)";
    }
    String shown = text.length() > LONG ? text.substring(0, LONG) + "…" : text;
    return "`%s`".formatted(shown.replace("\n", "\\n").replace("|", "\\|"));
  }
}
