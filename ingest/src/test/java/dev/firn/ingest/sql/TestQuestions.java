package dev.firn.ingest.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.sql.Statements.Statement;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class TestQuestions {
  private static String said(String message, int line, int column) {
    return Questions.said(new SQLException(message), new Statement("SELECT", line, column));
  }

  @Test
  void positionsAreThoseOfTheWholeText() {
    String said = "Query failed (#20261122_1_2_abc): line %d:8: Column 'a' cannot be resolved";
    assertThat(said(said.formatted(1), 1, 1))
        .isEqualTo("line 1, column 8: Column 'a' cannot be resolved");
    assertThat(said(said.formatted(1), 5, 3)).startsWith("line 5, column 10: ");
    assertThat(said(said.formatted(2), 5, 3)).startsWith("line 6, column 8: ");
  }

  @Test
  void whatHasNoPositionIsToldWithTheLineOfItsStatement() {
    assertThat(said("Query failed (#2): too\n  large", 3, 1)).isEqualTo("line 3: too large");
    assertThat(said("Query failed (#2): Access Denied: Cannot drop table a", 1, 1))
        .isEqualTo("Access Denied: Cannot drop table a (firn sql only reads)");
  }
}
