package dev.firn.ingest.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Shows the rows of a SQLite, which has few types; what Trino's become is seen in SqlIT. */
class TestAnswers {
  private static String show(Answer answer, String query) throws SQLException {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      answer.end(answer.show(rows, out), Duration.ofMillis(1_234), out);
    }
    return text.toString();
  }

  @Test
  void columnsAreAlignedAndNumbersStandToTheRight() throws SQLException {
    assertThat(
            show(
                new AlignedTable(),
                "SELECT 7 AS id, 'a' AS name UNION ALL SELECT 1234, 'longer' UNION ALL SELECT 5, NULL ORDER BY 2"))
        .isEqualToNormalizingNewlines(
            """
               id | name
            ------+--------
                5 | NULL
                7 | a
             1234 | longer
            (3 rows, 1.23 s)
            """);
  }

  @Test
  void noControlCharacterReachesATerminal() throws SQLException {
    assertThat(show(new AlignedTable(), "SELECT 'a' || char(10) || char(27) || '[2J' AS x"))
        .contains("a\\n\\u001b[2J")
        .doesNotContain("\u001b");
  }

  @Test
  void rowsBeyondThoseThatAreKeptAreShownToo() throws SQLException {
    String many =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n";
    assertThat(show(new AlignedTable(), many).lines().filter(line -> line.matches(" *\\d+")))
        .hasSize(2_500);
    assertThat(show(new AlignedTable(), many))
        .endsWith("(2,500 rows, 1.23 s)" + System.lineSeparator());
    assertThat(show(new JsonLines(), many).lines()).hasSize(2_500).contains("{\"i\":2500}");
  }

  @Test
  void columnsOfOneNameAreToldApartInJson() throws SQLException {
    assertThat(show(new JsonLines(), "SELECT 1 AS a, 'x\"' AS a, NULL AS b"))
        .isEqualToNormalizingNewlines("{\"a\":1,\"a_2\":\"x\\\"\",\"b\":null}\n");
  }
}
