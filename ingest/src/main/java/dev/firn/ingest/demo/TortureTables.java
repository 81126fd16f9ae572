package dev.firn.ingest.demo;

import dev.firn.ingest.demo.TortureReport.TableResult;
import dev.firn.testing.CanonicalRows;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The tables at the end of a torture, each with its changelog against its source. What a column of
 * the source is called in the lake follows from its name and type, by the rules that are
 * documented.
 */
final class TortureTables {
  static final List<String> PLAIN =
      Stream.concat(Shop.TABLES.stream(), Stream.of(BulkLoad.KEYLESS)).toList();

  /** A table that the source has altered may have to be read again first. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Shop shop;
  private final TortureSql sql;
  private final LakeView lake;
  private final List<AlteredTable> altered;

  TortureTables(Shop shop, LakeView lake, List<AlteredTable> altered) {
    this.shop = shop;
    this.sql = TortureSql.of(shop);
    this.lake = lake;
    this.altered = List.copyOf(altered);
  }

  /** Their names, in the order of the results. */
  List<String> names() {
    List<String> names = new ArrayList<>(PLAIN);
    names.add(EveryType.TABLE);
    altered.forEach(table -> names.add(table.name()));
    return names;
  }

  /** Compares all of them; the source has rested since the lake had all of its changes. */
  List<TableResult> compare() throws SQLException, InterruptedException {
    List<TableResult> results = new ArrayList<>();
    for (AlteredTable table : altered) {
      awaitEqual(table);
    }
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : PLAIN) {
        results.add(
            new TableResult(
                table, lake.compare(source, table), lake.compareReplayed(source, table)));
      }
      CanonicalRows everyType = EveryType.rows(sql, source);
      results.add(compare(EveryType.TABLE, everyType, List.of("id"), everyType.columns()));
      for (AlteredTable table : altered) {
        results.add(compare(table, source));
      }
    }
    return results;
  }

  private void awaitEqual(AlteredTable table) throws SQLException, InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!isEqual(table) && System.nanoTime() < until) {
      TimeUnit.MILLISECONDS.sleep(500);
    }
  }

  private boolean isEqual(AlteredTable table) throws SQLException {
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      TableResult result = compare(table, source);
      return result.equal() && result.changelogEqual();
    } catch (IllegalArgumentException e) {
      // The lake lacks a column so far.
      return false;
    }
  }

  private TableResult compare(AlteredTable table, Connection source) {
    SourceRows rows = SourceRows.of(source, Shop.SCHEMA, table.name());
    List<String> columns =
        rows.columns().stream().map(column -> lakeColumn(table, column)).toList();
    return compare(table.name(), rows, table.isKeyed() ? List.of("id") : List.of(), columns);
  }

  private String lakeColumn(AlteredTable table, String column) {
    return table.columns().stream()
        .filter(one -> one.name().equals(column))
        .findFirst()
        .map(one -> lake.newestColumn(table.name(), column, type -> one.kind().fits(sql, type)))
        .orElse(column);
  }

  private TableResult compare(
      String table, CanonicalRows source, List<String> key, List<String> columns) {
    return new TableResult(
        table,
        RowComparison.compare(source, new Named(source.columns(), lake.rows(table, columns)), key),
        RowComparison.compare(
            source, new Named(source.columns(), lake.replayed(table, columns, key)), key));
  }

  /** Rows whose columns are called otherwise. */
  private record Named(List<String> columns, CanonicalRows rows) implements CanonicalRows {
    @Override
    public void forEach(Visitor visitor) {
      rows.forEach(visitor);
    }
  }
}
