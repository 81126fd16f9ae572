package dev.firn.ingest.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.sql.Statements.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestStatements {
  private static List<String> cut(String text) {
    return all(text).stream().map(Statement::text).toList();
  }

  private static List<Statement> all(String text) {
    Statements statements = new Statements();
    List<Statement> all = new ArrayList<>(statements.add(text));
    statements.last().ifPresent(all::add);
    return all;
  }

  @Test
  void eachSemicolonEndsAStatementAndTheLastNeedsNone() {
    assertThat(cut("SELECT 1; SELECT 2 ;\nSELECT 3"))
        .containsExactly("SELECT 1", "SELECT 2", "SELECT 3");
  }

  @Test
  void semicolonsInQuotesAndCommentsAreNoEnds() {
    assertThat(cut("SELECT 'a;''b;' ;SELECT \"c;\" -- d;\n, 1; SELECT /* e; ' */ 2;"))
        .containsExactly("SELECT 'a;''b;'", "SELECT \"c;\" -- d;\n, 1", "SELECT /* e; ' */ 2");
  }

  @Test
  void commentsAloneAreNoStatement() {
    assertThat(cut("-- nothing; here\n;; /* nor ' here */ ; --")).isEmpty();
    assertThat(cut("-- it's\nSELECT 1;")).containsExactly("SELECT 1");
  }

  @Test
  void whatHasNotEndedWaitsForMoreText() {
    Statements statements = new Statements();
    assertThat(statements.add("SELECT 'a;\n")).isEmpty();
    assertThat(statements.isEmpty()).isFalse();
    assertThat(statements.add("b'; -- c;"))
        .extracting(Statement::text)
        .containsExactly("SELECT 'a;\nb'");
    assertThat(statements.add("d;\nSELECT /* ;\n")).isEmpty();
    assertThat(statements.add("*/ 2;\n"))
        .extracting(Statement::text)
        .containsExactly("SELECT /* ;\n*/ 2");
    assertThat(statements.isEmpty()).isTrue();
  }

  @Test
  void statementsKnowWhereTheyStart() {
    assertThat(all("SELECT 1;\n\n-- two\n  SELECT\n2; SELECT 3"))
        .containsExactly(
            new Statement("SELECT 1", 1, 1),
            new Statement("SELECT\n2", 4, 3),
            new Statement("SELECT 3", 5, 4));
  }
}
