package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.MariaDbTypes;
import dev.firn.testing.MySqlTypes;
import dev.firn.testing.PostgresTypes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/TYPES.md} says what {@link PostgresTypesIT}, {@link MariaDbTypesIT} and {@link
 * MySqlTypesIT} test.
 */
class TestTypesPage {
  private static final Path PAGE = Path.of("..", "docs", "TYPES.md");
  private static final Path MADE = Path.of("target", "TYPES.md");
  private static final int LONG = 50;

  /** A row of a table of types. */
  private record Row(String type, String iceberg, List<String> values) {}

  @Test
  void tablesAreThoseOfTheTests() throws Exception {
    String page = Files.readString(PAGE);
    String made = with(page, "PostgreSQL", postgres(PostgresTypes.TYPES));
    made = with(made, "PostgreSQL as variant", postgres(PostgresTypes.AS_VARIANT));
    made = with(made, "PostgreSQL as geometry", postgres(PostgresTypes.AS_GEOMETRY));
    made = with(made, "MariaDB", mariaDb(MariaDbTypes.TYPES));
    made = with(made, "MariaDB as text", mariaDb(MariaDbTypes.AS_TEXT));
    made = with(made, "MariaDB as variant", mariaDb(MariaDbTypes.AS_VARIANT));
    made = with(made, "MariaDB as geometry", mariaDb(MariaDbTypes.AS_GEOMETRY));
    made = with(made, "MySQL", mariaDb(MySqlTypes.OWN));
    made = with(made, "MySQL as variant", mariaDb(MySqlTypes.AS_VARIANT));
    made = with(made, "MySQL as geometry", mariaDb(MySqlTypes.AS_GEOMETRY));
    Files.writeString(MADE, made);
    assertThat(page).as("copy %s to %s", MADE, PAGE).isEqualTo(made);
  }

  private static List<Row> postgres(List<PostgresTypes.Type> types) {
    return types.stream().map(type -> new Row(type.type(), type.iceberg(), type.values())).toList();
  }

  private static List<Row> mariaDb(List<MariaDbTypes.Type> types) {
    return types.stream().map(type -> new Row(type.type(), type.iceberg(), type.values())).toList();
  }

  private static String with(String page, String source, List<Row> types) {
    String head = "| %s | Iceberg | value | in the lake |\n|---|---|---|---|\n".formatted(source);
    int begin = page.indexOf(head) + head.length();
    int end = page.indexOf("\n\n", begin - 1);
    String rows = types.stream().map(TestTypesPage::row).collect(Collectors.joining("\n"));
    return page.substring(0, begin) + rows + page.substring(end);
  }

  private static String row(Row type) {
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
