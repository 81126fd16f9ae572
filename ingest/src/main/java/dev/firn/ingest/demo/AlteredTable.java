package dev.firn.ingest.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A table whose columns change all the time: statements for that and for its rows, by chance. What
 * it says follows from its random numbers alone.
 */
final class AlteredTable {
  private static final int IDS = 300;
  private static final int MAX_COLUMNS = 9;
  private static final int NAMES = 13;

  /** A column besides {@code id} and {@code n}. */
  record Column(String name, ColumnKind kind) {}

  private final TortureSql sql;
  private final String name;
  private final boolean isKeyed;
  private final SplittableRandom random;
  private boolean mayEmpty;
  private volatile List<Column> columns;

  /** Its columns as they were last committed. */
  private List<Column> committed;

  /** Columns that went since rows were last written: one of the name would not be seen as new. */
  private final Set<String> justGone = new HashSet<>();

  AlteredTable(TortureSql sql, String name, boolean isKeyed, SplittableRandom random) {
    this.sql = sql;
    this.name = name;
    this.isKeyed = isKeyed;
    this.random = random;
    this.columns = firstColumns();
    this.committed = columns;
  }

  private static List<Column> firstColumns() {
    return List.of(
        new Column("a", ColumnKind.TEXT),
        new Column("b", ColumnKind.LARGE),
        new Column("c", ColumnKind.SMALL));
  }

  /** The same table under another name. */
  AlteredTable as(String newName) {
    AlteredTable renamed = new AlteredTable(sql, newName, isKeyed, random);
    renamed.columns = columns;
    renamed.committed = committed;
    renamed.mayEmpty = mayEmpty;
    return renamed;
  }

  String name() {
    return name;
  }

  boolean isKeyed() {
    return isKeyed;
  }

  List<Column> columns() {
    return columns;
  }

  private String table() {
    return Shop.SCHEMA + "." + name;
  }

  /** Makes it, with rows; it may have been dropped before. */
  List<String> create() {
    columns = firstColumns();
    justGone.clear();
    List<String> made = new ArrayList<>();
    made.add(
        "CREATE TABLE %s (id bigint%s, n integer NOT NULL, %s)"
            .formatted(
                table(),
                isKeyed ? " PRIMARY KEY" : "",
                columns.stream()
                    .map(column -> column.name() + " " + sql.type(column.kind()))
                    .collect(Collectors.joining(", "))));
    made.addAll(sql.outOfLine(table(), "b"));
    if (!isKeyed) {
      made.addAll(sql.wholeRows(table()));
    }
    made.add(fill());
    return made;
  }

  private String fill() {
    return "INSERT INTO %s (id, n%s) SELECT i, i %% 5%s FROM %s"
        .formatted(table(), names(), values(), sql.numbers(0, IDS / 2));
  }

  private String names() {
    return columns.stream().map(column -> ", " + column.name()).collect(Collectors.joining());
  }

  private String values() {
    return columns.stream()
        .map(column -> ", " + (random.nextInt(6) == 0 ? "NULL" : value(column)))
        .collect(Collectors.joining());
  }

  private String value(Column column) {
    return column.kind().value(sql, random);
  }

  /** From now on it is emptied now and then. */
  void mayEmpty() {
    mayEmpty = true;
  }

  String drop() {
    return "DROP TABLE " + table();
  }

  /** Its columns are what they were before this transaction, or stay what they are. */
  void ended(boolean isCommitted) {
    if (isCommitted) {
      committed = columns;
    } else {
      columns = committed;
    }
  }

  /** Statements that change rows. */
  List<String> changeRows() {
    return switch (random.nextInt(isKeyed ? 12 : 9)) {
      case 0, 1 -> List.of(insert());
      case 2, 3, 4 -> List.of(update());
      // The large values stay where they are.
      case 5, 6 ->
          List.of("UPDATE %s SET n = n + 1 WHERE id %% 7 = %d".formatted(table(), some(7)));
      case 7 -> List.of("DELETE FROM %s WHERE id %% 41 = %d".formatted(table(), some(41)));
      case 8 ->
          mayEmpty && random.nextInt(12) == 0
              ? List.of("TRUNCATE " + table(), fill())
              : List.of("UPDATE %s SET n = n + 1".formatted(table()));
      case 9 -> swap(some(IDS), some(IDS));
      case 10 ->
          List.of(
              ("UPDATE %1$s SET id = id + %2$d WHERE id < %3$d AND id %% 23 = %4$d"
                      + " AND NOT EXISTS (SELECT 1 FROM %1$s AS o WHERE o.id = %5$s.id + %2$d)")
                  .formatted(table(), 2 * IDS, IDS, some(23), name));
      default ->
          List.of(
              ("UPDATE %1$s SET id = id - %2$d, n = 0 WHERE id >= %2$d"
                      + " AND NOT EXISTS (SELECT 1 FROM %1$s AS o WHERE o.id = %3$s.id - %2$d)")
                  .formatted(table(), 2 * IDS, name));
    };
  }

  private int some(int bound) {
    return random.nextInt(bound);
  }

  private String insert() {
    return "INSERT INTO %s (id, n%s) VALUES (%d, %d%s)%s"
        .formatted(
            table(), names(), some(IDS), some(5), values(), isKeyed ? sql.unlessThere() : "");
  }

  private String update() {
    if (columns.isEmpty()) {
      return insert();
    }
    Column column = anyColumn();
    return "UPDATE %s SET n = n + 1, %s = %s WHERE id %% 19 = %d"
        .formatted(table(), column.name(), value(column), some(19));
  }

  private List<String> swap(int one, int other) {
    String move = "UPDATE " + table() + " SET id = %d WHERE id = %d";
    return List.of(move.formatted(-1, one), move.formatted(one, other), move.formatted(other, -1));
  }

  private Column anyColumn() {
    return columns.get(some(columns.size()));
  }

  /** A row that is written for sure, so that the lake learns of the columns. */
  List<String> touch() {
    justGone.clear();
    return List.of(
        "DELETE FROM %s WHERE id = %d".formatted(table(), IDS),
        "INSERT INTO %s (id, n%s) VALUES (%d, 0%s)".formatted(table(), names(), IDS, values()));
  }

  /** Statements that alter the table; a row is written after them before the next. */
  List<String> alter() {
    List<String> statements = new ArrayList<>();
    switch (some(7)) {
      case 0, 1, 2 -> add(statements);
      case 3, 4 -> drop(statements);
      case 5 -> rename(statements);
      default -> demandValue(statements);
    }
    statements.addAll(touch());
    return statements;
  }

  /**
   * Statements that give columns another type; only as a transaction of their own. PostgreSQL
   * writes the table anew for it, and cannot decode a transaction that does so beside changes of
   * values that lie out of line ("could not open toast relation").
   */
  List<String> changeTypes() {
    List<String> statements = new ArrayList<>();
    if (random.nextBoolean()) {
      widen(statements);
    } else {
      becomeIncompatible(statements);
    }
    return statements;
  }

  private Optional<String> newName() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < NAMES; i++) {
      names.add(Character.toString('a' + i));
    }
    names.removeAll(columns.stream().map(Column::name).toList());
    names.removeAll(justGone);
    return names.isEmpty() ? Optional.empty() : Optional.of(names.get(some(names.size())));
  }

  private void add(List<String> statements) {
    Optional<String> free = newName();
    if (free.isEmpty() || columns.size() >= MAX_COLUMNS) {
      return;
    }
    Column column = new Column(free.orElseThrow(), ColumnKind.any(random));
    int dice = some(4);
    String value =
        switch (dice) {
          case 0 -> sql.defaultValue(column.kind(), value(column));
          case 1 -> " NOT NULL" + sql.defaultValue(column.kind(), value(column));
          default -> "";
        };
    statements.add(
        "ALTER TABLE %s ADD %s %s%s"
            .formatted(table(), column.name(), sql.type(column.kind()), value));
    if (column.kind() == ColumnKind.LARGE) {
      statements.addAll(sql.outOfLine(table(), column.name()));
    }
    with(column);
    if (dice == 1) {
      statements.add(sql.optional(table(), column));
    }
  }

  private void with(Column column) {
    List<Column> more = new ArrayList<>(columns);
    more.add(column);
    columns = Collections.unmodifiableList(more);
  }

  private void without(Column column) {
    columns = columns.stream().filter(other -> !other.equals(column)).toList();
    justGone.add(column.name());
  }

  private void drop(List<String> statements) {
    if (columns.size() > 1) {
      Column column = anyColumn();
      statements.add("ALTER TABLE %s DROP %s".formatted(table(), column.name()));
      without(column);
    }
  }

  private void rename(List<String> statements) {
    Optional<String> free = newName();
    if (free.isPresent() && !columns.isEmpty()) {
      Column column = anyColumn();
      statements.add(
          "ALTER TABLE %s RENAME COLUMN %s TO %s"
              .formatted(table(), column.name(), free.orElseThrow()));
      without(column);
      with(new Column(free.orElseThrow(), column.kind()));
    }
  }

  private void widen(List<String> statements) {
    columns.stream()
        .filter(column -> column.kind().wider().isPresent())
        .findFirst()
        .ifPresent(column -> become(column, column.kind().wider().orElseThrow(), statements));
  }

  private void becomeIncompatible(List<String> statements) {
    columns.stream()
        .filter(column -> column.kind().incompatible().isPresent())
        .skip(some(2))
        .findFirst()
        .ifPresent(
            column -> become(column, column.kind().incompatible().orElseThrow(), statements));
  }

  private void become(Column column, ColumnKind kind, List<String> statements) {
    statements.addAll(sql.become(table(), column, kind));
    columns =
        columns.stream()
            .map(other -> other.equals(column) ? new Column(column.name(), kind) : other)
            .toList();
  }

  /** It is required for a moment, as far as anybody sees. */
  private void demandValue(List<String> statements) {
    if (!columns.isEmpty()) {
      Column column = anyColumn();
      statements.add(
          "UPDATE %1$s SET %2$s = %3$s WHERE %2$s IS NULL"
              .formatted(table(), column.name(), value(column)));
      statements.add(sql.required(table(), column));
      statements.add(
          "INSERT INTO %s (id, n%s) VALUES (%d, 1%s)%s"
              .formatted(
                  table(),
                  names(),
                  IDS + 1,
                  columns.stream().map(other -> ", " + value(other)).collect(Collectors.joining()),
                  isKeyed ? sql.unlessThere() : ""));
      statements.add(sql.optional(table(), column));
    }
  }
}
