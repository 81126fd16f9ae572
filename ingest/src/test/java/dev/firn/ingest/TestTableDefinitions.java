package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.log.BinlogLog;
import io.debezium.document.Array;
import io.debezium.document.Document;
import io.debezium.document.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestTableDefinitions {
  @Test
  void whatLiesBehindTheLakeIsToldAgainByTheLog() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    written.add(read("a"));
    written.add(statement("0-1-10", change("ALTER", "a", "as of 11")));
    written.add(statement("0-1-20", change("ALTER", "a", "as of 21")));
    String note = written.takeNote().orElseThrow();

    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-10")))
        .containsExactly("a: read");
    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-11")))
        .containsExactly("a: as of 11");
    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-20")))
        .containsExactly("a: as of 11");
    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-30")))
        .containsExactly("a: as of 21");
  }

  /** Its numbers count on within the domain. */
  @Test
  void statementsOfTheServerBeforeAFailoverCount() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    written.add(read("a"));
    written.add(statement("0-1-10", change("ALTER", "a", "by the first")));
    written.add(statement("0-2-20", change("ALTER", "a", "by the second")));
    String note = written.takeNote().orElseThrow();

    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-2-15")))
        .containsExactly("a: by the first");
    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-10")))
        .containsExactly("a: read");
  }

  /** Their numbers know no order: a statement's own is what the set before it lacks. */
  @Test
  void statementsOfMySqlCountByWhatWasCompleteBeforeThem() {
    String first = "24da167f-0c0c-11e8-8442-00059a3c7b00:";
    String second = "3e11fa47-71ca-11e1-9e33-c80aa9429562:";
    TableDefinitions written = new TableDefinitions(BinlogLog.mySql());
    written.add(read("a"));
    written.add(statement(first + "1-9," + second + "1-5", change("ALTER", "a", "as of 1:10")));
    written.add(statement(first + "1-10," + second + "1-5", change("ALTER", "a", "as of 2:6")));
    String note = written.takeNote().orElseThrow();

    assertThat(mySql(note, first + "1-9," + second + "1-5")).containsExactly("a: read");
    assertThat(mySql(note, first + "1-10," + second + "1-5")).containsExactly("a: as of 1:10");
    assertThat(mySql(note, first + "1-10," + second + "1-6")).containsExactly("a: as of 2:6");
    assertThat(mySql(note, first + "1-8," + second + "1-4")).containsExactly("a: read");
  }

  private static List<String> mySql(String note, String resumed) {
    return tables(TableDefinitions.read(BinlogLog.mySql(), note, resumed));
  }

  @Test
  void onlyTheNewestOfEachTableStays() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    written.add(read("a"));
    written.add(read("b"));
    written.add(read("c"));
    written.add(statement("0-1-1", change("ALTER", "a", "twice")));
    written.add(statement("0-1-2", change("DROP", "b", "")));
    Document renamed = change("ALTER", "d", "renamed");
    renamed.setString("previousId", id("c"));
    written.add(statement("0-1-3", renamed));
    String note = written.takeNote().orElseThrow();

    TableDefinitions read = TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-9");

    assertThat(tables(read)).containsExactly("a: twice", "d: renamed");
    assertThat(read.all()).allMatch(each -> !each.has("ddl"));
  }

  /** Statements may hold passwords: of a table that lies elsewhere, of users. */
  @Test
  void textsOfStatementsAreKeptOnlyWhereTheyTellOfCharacterSets() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    written.add(statement("0-1-1", change("CREATE", "a", "remote")));
    for (String text :
        List.of(
            "CREATE USER u IDENTIFIED BY 'geheim'",
            "SET PASSWORD FOR u = PASSWORD('geheim')",
            "GRANT ALL ON *.* TO u IDENTIFIED BY 'geheim'",
            "CREATE OR REPLACE DATABASE shop CHARACTER SET latin1",
            "alter database shop collate utf8mb4_bin",
            "SET character_set_server=utf8mb4, collation_server=utf8mb4_general_ci")) {
      Document statement = Document.create();
      statement.setDocument("position").setString("gtids", "0-1-2");
      statement.setString("ddl", text);
      written.add(statement);
    }
    assertThat(written.all())
        .extracting(each -> each.has("ddl") ? each.getString("ddl") : "")
        .containsExactly(
            "",
            "CREATE OR REPLACE DATABASE shop CHARACTER SET latin1",
            "alter database shop collate utf8mb4_bin",
            "SET character_set_server=utf8mb4, collation_server=utf8mb4_general_ci");
  }

  /** After a lost connection. */
  @Test
  void statementsThatAreToldAgainDoNotTakeTheNewestPlace() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    written.add(read("a"));
    written.add(statement("0-1-1", change("ALTER", "a", "once")));
    written.add(statement("0-1-2", change("ALTER", "a", "twice")));
    written.add(statement("0-1-1", change("ALTER", "a", "once")));
    String note = written.takeNote().orElseThrow();
    assertThat(tables(TableDefinitions.read(BinlogLog.mariaDb(), note, "0-1-9")))
        .containsExactly("a: twice");
  }

  @Test
  void isNotedOnceAndAgainWhenThereIsMore() {
    TableDefinitions written = new TableDefinitions(BinlogLog.mariaDb());
    assertThat(written.takeNote()).isEmpty();
    written.add(read("a"));
    assertThat(written.takeNote()).isPresent();
    assertThat(written.takeNote()).isEmpty();
    assertThat(TableDefinitions.read(BinlogLog.mariaDb(), note(written), "0-1-9").takeNote())
        .isEmpty();
  }

  private static String note(TableDefinitions written) {
    written.add(read("z"));
    return written.takeNote().orElseThrow();
  }

  private static Document read(String table) {
    Document statement = statement("0-1-5", change("CREATE", table, "read"));
    statement.getDocument("position").setString("snapshot", "INITIAL");
    return statement;
  }

  private static Document statement(String gtids, Document change) {
    Document statement = Document.create();
    statement.setDocument("position").setString("gtids", gtids);
    statement.setString("ddl", "a statement");
    statement.setArray("tableChanges", Array.create(Value.create(change)));
    return statement;
  }

  private static Document change(String type, String table, String what) {
    Document change = Document.create();
    change.setString("type", type);
    change.setString("id", id(table));
    change.setString("comment", what);
    return change;
  }

  private static String id(String table) {
    return "\"shop\".\"%s\"".formatted(table);
  }

  private static List<String> tables(TableDefinitions definitions) {
    return definitions.all().stream()
        .map(each -> each.getArray("tableChanges").get(0).asDocument())
        .map(change ->
            "%s: %s"
                .formatted(
                    SourceTable.ofId(change.getString("id")).name(), change.getString("comment")))
        .toList();
  }
}
