package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.debezium.relational.TableId;
import java.time.Duration;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestBinlogText {
  @Test
  void zeroDatesAreNone() {
    assertThat(BinlogText.date("@0000-00-00")).isEmpty();
    assertThat(BinlogText.dateTime("@2026-01-00 01:02:03")).isEmpty();
    assertThat(BinlogText.dateTime("@2026-01-02 03:04:05.6"))
        .contains(LocalDateTime.of(2026, 1, 2, 3, 4, 5, 600_000_000));
  }

  @Test
  void timesBelowZeroKeepTheirSign() {
    assertThat(BinlogText.time("@-00:00:01.5")).contains(Duration.ofMillis(-1500));
    assertThat(BinlogText.written(BinlogValues.Kind.TIME, 1, Duration.ofMillis(-1500)))
        .isEqualTo("-00:00:01.5");
    assertThat(BinlogText.written(BinlogValues.Kind.TIME, 0, Duration.ofSeconds(3_020_399)))
        .isEqualTo("838:59:59");
  }

  @Test
  void literalsAreReadAsSqlDoes() {
    assertThat(BinlogText.literal("'a'")).isEqualTo("a");
    assertThat(BinlogText.literal("'d''e,f'")).isEqualTo("d'e,f");
    assertThat(BinlogText.literal("'x\\\\y\\n'")).isEqualTo("x\\y\n");
  }

  @Test
  void columnsOfADefinitionAreNoTables() {
    assertThat(
            BinlogStatements.tables(
                "CREATE TABLE t (id INT, a INET6, at TIMESTAMP ON UPDATE now())", "shop"))
        .containsExactly(new TableId("shop", null, "t"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "a text DEFAULT (repeat('a)', 3)) NOT NULL | a text DEFAULT (uuid()) NOT NULL",
        "a text default repeat('it''s \\'(', 3), b int | a text DEFAULT (uuid()), b int",
        "`DEFAULT (` date DEFAULT (DATE'2026-01-01' + interval (5) day) | `DEFAULT (` date DEFAULT (uuid())",
        "a char(9) DEFAULT 'DEFAULT (1)' CHECK (a <> '') | a char(9) DEFAULT 'DEFAULT (1)' CHECK (a <> '')",
        "a int DEFAULT NULL CHECK (a > 1) | a int DEFAULT NULL CHECK (a > 1)",
        "a int DEFAULT -5) DEFAULT CHARSET=utf8mb4 | a int DEFAULT -5) DEFAULT CHARSET=utf8mb4",
        "a int DEFAULT (b(1), c int | a int DEFAULT (uuid())"
      })
  void expressionsOfDefaultsAreReplaced(String columns, String replaced) {
    assertThat(BinlogDefaults.replaced("CREATE TABLE t (" + columns))
        .isEqualTo("CREATE TABLE t (" + replaced);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CREATE TABLE `a b`.`c``d` (x INET6) | a b | c`d",
        "alter table t add column a inet6 | shop | t",
        "CREATE TABLE IF NOT EXISTS shop2.t(a inet6) | shop2 | t",
        "RENAME TABLE t TO u | shop | u"
      })
  void statementsNameTheirTables(String statement, String database, String table) {
    assertThat(BinlogStatements.tables(statement, "shop"))
        .contains(new TableId(database, null, table));
  }
}
