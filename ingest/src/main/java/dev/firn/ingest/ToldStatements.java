package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineException;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.kafka.connect.data.Struct;

/**
 * Statements of Oracle that define tables, as the log tells them in their place: refuses those that
 * change rows without a word of it in the log. Of the engine's thread alone.
 */
final class ToldStatements {
  /** What gives a new column values in the rows that there are. */
  private static final Pattern FILLING =
      Pattern.compile("\\b(DEFAULT|GENERATED|IDENTITY|AS|RENAME)\\b", Pattern.CASE_INSENSITIVE);

  private static final Pattern WITHOUT_ROWS =
      Pattern.compile(
          "\\b(DROP|TRUNCATE|EXCHANGE)\\s+(SUB)?PARTITIONS?\\b", Pattern.CASE_INSENSITIVE);
  private static final Pattern OTHER_NAME =
      Pattern.compile("\\bRENAME\\s+TO\\b", Pattern.CASE_INSENSITIVE);

  private final EventTables tables;

  ToldStatements(EventTables tables) {
    this.tables = requireNonNull(tables, "tables is null");
  }

  /** What the initial snapshot has found. */
  void found(Struct found) {
    for (Struct table : found.<Struct>getArray("tableChanges")) {
      tables.defined(SourceTable.ofId(table.getString("id")), columns(table));
    }
  }

  /**
   * A statement that comes next in the log, or that a process before has taken already.
   *
   * @param change the record that tells of it: its place, its text, and what became of which tables
   * @throws PipelineException the rows in the lake are not those of the source any more
   */
  void take(Struct change) {
    BigInteger scn = new BigInteger(change.getStruct("source").getString("scn"));
    if (scn.compareTo(tables.definedUpTo()) <= 0) {
      return;
    }
    for (Struct table : change.<Struct>getArray("tableChanges")) {
      take(table, String.valueOf(change.getString("ddl")));
    }
    tables.definedUpTo(scn);
  }

  private void take(Struct change, String ddl) {
    SourceTable table = SourceTable.ofId(change.getString("id"));
    Set<String> columns = columns(change);
    if (tables.of(table).isPresent()) {
      requireSameRows(table, change.getString("type"), ddl);
      requireEmpty(table, columns, ddl);
    }
    tables.defined(table, columns);
  }

  /** A table that is dropped stays in the lake as it was, until another one has its name. */
  private static void requireSameRows(SourceTable table, String type, String ddl) {
    if (type.equals("CREATE") || OTHER_NAME.matcher(ddl).find()) {
      throw refusal(table, "another table has its name now");
    }
    if (WITHOUT_ROWS.matcher(ddl).find()) {
      throw refusal(table, "the rows of a partition were taken away, or exchanged");
    }
  }

  private void requireEmpty(SourceTable table, Set<String> columns, String ddl) {
    Set<String> added = new TreeSet<>(columns);
    added.removeAll(tables.defined(table));
    for (String column : added) {
      if (tables.isGone(table, column)) {
        throw refusal(
            table, "column %s is back, with the values from before it went".formatted(column));
      }
      if (FILLING.matcher(ddl).find()) {
        throw refusal(
            table, "column %s is new, and may have values in older rows".formatted(column));
      }
    }
  }

  /** None of a table that is gone. */
  private static Set<String> columns(Struct change) {
    Set<String> names = new TreeSet<>();
    Struct table = change.getStruct("table");
    if (table != null) {
      List<Struct> columns = table.getArray("columns");
      columns.forEach(column -> names.add(column.getString("name")));
    }
    return names;
  }

  private static PipelineException refusal(SourceTable table, String why) {
    return new PipelineException(Readings.refusal(table, why));
  }
}
