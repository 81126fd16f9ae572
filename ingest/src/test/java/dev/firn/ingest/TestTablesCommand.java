package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestTablesCommand {
  private static final Logger ROOT = Logger.getLogger("");

  @TempDir private Path folder;
  private final Level level = ROOT.getLevel();

  private record Ended(int code, String out, String err) {}

  /** Commands silence the libraries of the whole process. */
  @AfterEach
  void logAgain() {
    ROOT.setLevel(level);
  }

  private Ended tables(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Firn.commandLine()
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(
                Stream.concat(Stream.of("tables", "--dir", folder.toString()), Stream.of(args))
                    .toArray(String[]::new));
    return new Ended(code, out.toString(), err.toString());
  }

  private void lakeOfTwo() throws Exception {
    try (MeasuredLake lake = new MeasuredLake(folder)) {
      MeasuredLake.append(lake.table(TableIdentifier.of("shop", "notes")), 2);
      Table orders = lake.table(TableIdentifier.of("shop", "orders"));
      MeasuredLake.append(orders, 60);
      MeasuredLake.deleteByEquality(orders);
    }
  }

  @Test
  void aLineForEachTableAndWhatMendsTheIll() throws Exception {
    lakeOfTwo();

    Ended ended = tables();

    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out().lines().toList())
        .satisfiesExactly(
            head -> assertThat(head).matches("table +rows +files +size .*read cost"),
            notes ->
                assertThat(notes)
                    .matches(
                        "shop.notes +20 +2 +2.0 MB +1.0 MB +100 % +0 % +1 .* never +\\d\\.\\d\\dx  healthy"),
            orders ->
                assertThat(orders)
                    .matches("shop.orders +600 +60 +60.0 MB .*x  equality deletes, small files"),
            gap -> assertThat(gap).isEmpty(),
            name -> assertThat(name).isEqualTo("shop.orders"),
            first -> assertThat(first).startsWith("  1 equality delete files (3 keys) "),
            remedy -> assertThat(remedy).isEqualTo("    -> run ./firn compact"),
            second ->
                assertThat(second).isEqualTo("  60 of 60 data files are small; a fresh copy has 1"),
            remedy -> assertThat(remedy).isEqualTo("    -> run ./firn compact"));
  }

  @Test
  void theFolderOfADemoWillDo() throws Exception {
    Path home = folder;
    folder = Files.createDirectory(home.resolve("lake"));
    lakeOfTwo();
    folder = home;

    assertThat(tables().out()).contains("shop.notes");
  }

  @Test
  void aNamedTableIsToldInFull() throws Exception {
    lakeOfTwo();

    Ended ended = tables("orders", "--price-put", "1000", "--price-get", "0");

    assertThat(ended.code()).isZero();
    assertThat(ended.out())
        .matches("(?s)shop\\.orders at \\S+Z: equality deletes, small files\\R.*")
        .contains("  rows         600, and 0 deleted ones (0 %) in the files")
        .contains("1 equality delete files (2.0 kB, 3 keys)")
        .containsPattern("  last commit  \\S+Z \\(\\d+ s ago\\), snapshot \\d+, by flink")
        .contains(
            "  last hour    1 commits of the writer, by 63 requests that write and 0 that read")
        .contains("  a month      costs 45,990.00 for requests as in the last hour")
        .doesNotContain("shop.notes");
  }

  @Test
  void jsonHasTheFiguresAsTheyAre() throws Exception {
    lakeOfTwo();
    Path file = folder.resolve("tables.json");

    tables("--json", file.toString());

    JsonNode tables = new ObjectMapper().readTree(Files.readString(file, UTF_8));
    assertThat(tables).hasSize(2);
    assertThat(tables.get(0).at("/healthy").asBoolean()).isTrue();
    JsonNode orders = tables.get(1);
    assertThat(orders.at("/table").asText()).isEqualTo("shop.orders");
    assertThat(orders.at("/healthy").asBoolean()).isFalse();
    assertThat(orders.at("/findings/0/kind").asText()).isEqualTo("equality_deletes");
    assertThat(orders.at("/files/data_bytes").asLong()).isEqualTo(60L << 20);
    assertThat(orders.at("/files/small_file_ratio").asDouble()).isEqualTo(1);
    assertThat(orders.at("/deletes/equality_delete_rows").asLong()).isEqualTo(3);
    assertThat(orders.at("/metadata/snapshots").asLong()).isEqualTo(2);
    assertThat(orders.at("/activity/last_commit").asText()).matches("\\d{4}-.*T.*Z");
    assertThat(orders.at("/activity/last_commit_by").asText()).isEqualTo("other");
    assertThat(orders.at("/activity/lag_seconds").isNumber()).isTrue();
    assertThat(orders.at("/cost/read_cost_ratio").asDouble()).isGreaterThan(2);
  }

  @Test
  void aTableThatCannotBeReadHidesNoOther() throws Exception {
    lakeOfTwo();
    try (Stream<Path> files = Files.walk(folder.resolve("warehouse/shop/notes"))) {
      Path list =
          files
              .filter(path -> path.getFileName().toString().startsWith("snap-"))
              .findFirst()
              .orElseThrow();
      Files.delete(list);
    }

    Ended ended = tables();

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.out())
        .contains("shop.notes cannot be read: ")
        .containsPattern("(?m)^shop.orders +600 ");
  }

  @Test
  void whatIsAskedWronglyIsSaid() throws Exception {
    assertThat(tables()).returns(2, Ended::code);
    lakeOfTwo();
    assertThat(tables("no_such").err())
        .contains("unknown table no_such", "shop.notes, shop.orders");
    assertThat(tables("--price-put", "-1"))
        .returns(2, Ended::code)
        .extracting(Ended::err)
        .asString()
        .contains("--price-put", "-1.0");
  }

  @Test
  void anEmptyLakeIsNoFailure() throws Exception {
    try (MeasuredLake lake = new MeasuredLake(folder)) {
      assertThat(lake.catalog).isNotNull();
    }
    assertThat(tables().out()).startsWith("Firn keeps no tables here; others are named in full");
  }

  @Test
  void aTableOfAnotherToolIsNamedInFull() throws Exception {
    try (MeasuredLake lake = new MeasuredLake(folder)) {
      MeasuredLake.append(lake.foreign(TableIdentifier.of("shop", "theirs")), 2);
    }

    assertThat(tables().out()).doesNotContain("theirs");
    assertThat(tables("theirs").err()).contains("unknown table theirs", "whole name");
    assertThat(tables("shop.theirs"))
        .returns(0, Ended::code)
        .extracting(Ended::out)
        .asString()
        .contains("shop.theirs at ", ": healthy");
  }
}
