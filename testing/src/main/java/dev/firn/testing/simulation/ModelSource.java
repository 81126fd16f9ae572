package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A database of a few tables: random transactions, its log, and what any table held at any time.
 */
final class ModelSource {
  private static final int KEYS_REMEMBERED = 3;

  private final RandomGenerator random;
  private final FakeClock clock;
  private final List<SourceTable> tables;

  /** The tables that have rows. */
  private final List<SourceTable> busy;

  private final Map<SourceTable, Contents> contents = new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, NavigableMap<Long, Map<Long, ModelRow>>> history =
      new EnumMap<>(SourceTable.class);
  private final Map<SourceTable, NavigableMap<Long, TableColumns>> columns =
      new EnumMap<>(SourceTable.class);
  private final List<ModelTransaction> log = new ArrayList<>();
  private ModelPosition end = ModelPosition.START;
  private long instances;
  private boolean mayDrop;

  ModelSource(RandomGenerator random, FakeClock clock, Collection<SourceTable> tables) {
    this.random = random;
    this.clock = clock;
    this.tables = tables.stream().sorted().toList();
    this.busy = this.tables.stream().filter(table -> table != SourceTable.NOTHING).toList();
    for (SourceTable table : this.tables) {
      contents.put(table, new Contents(table));
      NavigableMap<Long, Map<Long, ModelRow>> versions = new TreeMap<>();
      versions.put(ModelPosition.START.at(), Map.of());
      history.put(table, versions);
      columns.put(
          table, new TreeMap<>(Map.of(ModelPosition.START.at(), TableColumns.first(table))));
    }
  }

  /**
   * From now on columns may be dropped: the lake has read the tables, and keeps in a row what was
   * in a column that went until the row changes, as the model does.
   */
  void mayDropColumns() {
    mayDrop = true;
  }

  /** All of its tables. */
  List<SourceTable> tables() {
    return tables;
  }

  /** Where the log ends now. */
  ModelPosition end() {
    return end;
  }

  /** The transactions that end after a position, in order. */
  List<ModelTransaction> after(ModelPosition position) {
    int from = log.size();
    while (from > 0 && log.get(from - 1).end().isAfter(position)) {
      from--;
    }
    return log.subList(from, log.size());
  }

  /** The columns that a table has now. */
  TableColumns columns(SourceTable table) {
    return of(table).columns;
  }

  /** The columns that a table had at a position. */
  TableColumns columns(SourceTable table, ModelPosition at) {
    return requireNonNull(columns.get(table)).floorEntry(at.at()).getValue();
  }

  /** What a table held when the transaction that ends at the position had been committed. */
  Collection<ModelRow> rows(SourceTable table, ModelPosition at) {
    return versions(table).floorEntry(at.at()).getValue().values();
  }

  /** Where the last transaction that changed the table ended, up to a position. */
  ModelPosition lastChange(SourceTable table, ModelPosition upTo) {
    return new ModelPosition(versions(table).floorKey(upTo.at()));
  }

  /** Whether the row was ever equal to another one: then nobody can tell which of them is which. */
  boolean isAmbiguous(SourceTable table, long instance) {
    return of(table).ambiguous.contains(instance);
  }

  /** Whether the table was truncated after one position and up to another. */
  boolean truncated(SourceTable table, ModelPosition after, ModelPosition upTo) {
    return after(after).stream()
        .filter(transaction -> !transaction.end().isAfter(upTo))
        .flatMap(transaction -> transaction.changes().stream())
        .anyMatch(change -> change instanceof ModelChange.Truncate t && t.table() == table);
  }

  /** Commits a transaction of so many random changes. */
  ModelTransaction transact(int changes) {
    List<ModelChange> made = new ArrayList<>();
    List<TableColumns> had = new ArrayList<>();
    int from = random.nextInt(busy.size());
    int several = several(changes);
    while (made.size() < changes) {
      SourceTable table = busy.get((from + random.nextInt(several)) % busy.size());
      change(table, made);
      while (had.size() < made.size()) {
        had.add(of(table).columns);
      }
    }
    Set<SourceTable> changed = new HashSet<>();
    made.forEach(change -> changed.add(change.table()));
    clock.advance(Duration.ofMillis(1 + random.nextInt(50)));
    end = new ModelPosition(end.at() + 1 + random.nextInt(20));
    for (SourceTable table : changed) {
      versions(table).put(end.at(), new LinkedHashMap<>(of(table).rows));
    }
    for (SourceTable table : tables) {
      requireNonNull(columns.get(table)).put(end.at(), of(table).columns);
    }
    ModelTransaction transaction = new ModelTransaction(end, clock.instant(), made, had);
    log.add(transaction);
    return transaction;
  }

  /** How many tables a transaction changes, at most; most change one. */
  private int several(int changes) {
    if (changes > 50) {
      return 1 + random.nextInt(busy.size());
    }
    return random.nextInt(5) < 3 ? 1 : 1 + random.nextInt(3);
  }

  /** What happened to the rows of one key, for people. */
  List<String> history(SourceTable table, List<@Nullable Object> key) {
    List<String> lines = new ArrayList<>();
    for (ModelTransaction transaction : log) {
      for (ModelChange change : transaction.changes()) {
        if (change.table() == table && change.touches(key)) {
          lines.add("%s %s".formatted(transaction.end(), change.getClass().getSimpleName()));
        }
      }
    }
    return lines;
  }

  private NavigableMap<Long, Map<Long, ModelRow>> versions(SourceTable table) {
    return requireNonNull(history.get(table));
  }

  private Contents of(SourceTable table) {
    return requireNonNull(contents.get(table));
  }

  private void change(SourceTable table, List<ModelChange> into) {
    Contents of = of(table);
    if (random.nextInt(60) == 0) {
      of.alter();
    }
    int die = random.nextInt(200);
    if (die == 0) {
      into.add(of.truncate());
    } else if (die < 70 || of.rows.isEmpty()) {
      of.insert().ifPresent(into::add);
    } else if (die < 150) {
      into.add(of.update());
    } else if (die < 165 && table.isKeyed()) {
      of.changeKey().ifPresent(into::add);
    } else {
      into.add(of.delete());
    }
  }

  /** What one table holds now. */
  private final class Contents {
    private final SourceTable table;
    private final Map<Long, ModelRow> rows = new LinkedHashMap<>();
    private final List<Long> order = new ArrayList<>();
    private final Map<List<@Nullable Object>, Integer> keys = new HashMap<>();
    private final Map<List<@Nullable Object>, Long> everHeld = new HashMap<>();
    private final Set<Long> ambiguous = new HashSet<>();

    /** Rows that have got other keys, the last ones. */
    private final List<List<@Nullable Object>> left = new ArrayList<>();

    private final Set<Integer> everPresent = new HashSet<>();
    private TableColumns columns;

    Contents(SourceTable table) {
      this.table = table;
      this.columns = TableColumns.first(table);
      everPresent.addAll(columns.present());
    }

    /** Gives the table other columns; the rows that it has stay as the lake has them. */
    void alter() {
      List<TableColumns> possible = columns.alterations(everPresent, mayDrop);
      if (!possible.isEmpty()) {
        columns = possible.get(random.nextInt(possible.size()));
        everPresent.addAll(columns.present());
      }
    }

    Optional<ModelChange> insert() {
      ModelRow row = fresh();
      if (table.isKeyed() && keys.containsKey(table.keyOf(row))) {
        return Optional.empty();
      }
      put(row);
      return Optional.of(new ModelChange.Insert(table, row));
    }

    ModelChange update() {
      ModelRow before = pick();
      List<@Nullable Object> values = new ArrayList<>(before.values());
      Set<Integer> unavailable = new HashSet<>();
      for (int i = 0; i < values.size(); i++) {
        if (!columns.has(i)) {
          values.set(i, null);
        }
        if (table.isKey(i) || !columns.has(i)) {
          continue;
        }
        if (random.nextInt(3) == 0) {
          values.set(i, table.value(i, columns, random));
        } else if (mayStayAway(i, values)) {
          unavailable.add(i);
        }
      }
      ModelRow after = new ModelRow(before.instance(), values);
      remove(before);
      put(after);
      return new ModelChange.Update(table, before, after, unavailable);
    }

    /** Often values stay that the source does not send then; the row is another one. */
    Optional<ModelChange> changeKey() {
      ModelRow before = pick();
      List<@Nullable Object> values = columns.of(before.values());
      Set<Integer> unavailable = new HashSet<>();
      List<@Nullable Object> other = otherKey();
      for (int i = 0; i < values.size(); i++) {
        if (table.isKey(i)) {
          values.set(i, other.get(i));
        } else if (mayStayAway(i, values)) {
          unavailable.add(i);
        }
      }
      ModelRow after = new ModelRow(++instances, values);
      if (keys.containsKey(table.keyOf(after))) {
        return Optional.empty();
      }
      left.addLast(before.values());
      if (left.size() > KEYS_REMEMBERED) {
        left.removeFirst();
      }
      remove(before);
      put(after);
      return Optional.of(new ModelChange.Update(table, before, after, unavailable));
    }

    /** Often one that another row has just had, so that rows swap keys. */
    private List<@Nullable Object> otherKey() {
      return left.isEmpty() || random.nextInt(3) > 0
          ? fresh().values()
          : left.get(random.nextInt(left.size()));
    }

    /** Whether the source leaves a value out that has not changed. */
    private boolean mayStayAway(int column, List<@Nullable Object> values) {
      return table.columns().get(column).large()
          && values.get(column) != null
          && random.nextBoolean();
    }

    ModelChange delete() {
      ModelRow row = pick();
      remove(row);
      return new ModelChange.Delete(table, row);
    }

    ModelChange truncate() {
      rows.clear();
      order.clear();
      keys.clear();
      return new ModelChange.Truncate(table);
    }

    private ModelRow fresh() {
      List<@Nullable Object> values = new ArrayList<>();
      for (int i = 0; i < table.columns().size(); i++) {
        values.add(table.value(i, columns, random));
      }
      return new ModelRow(++instances, values);
    }

    /** Any row; every other time one of those changed last, which may not be committed yet. */
    private ModelRow pick() {
      int back = random.nextBoolean() ? Math.min(order.size(), 5) : order.size();
      Long instance = order.get(order.size() - 1 - random.nextInt(back));
      return requireNonNull(rows.get(instance));
    }

    private void put(ModelRow row) {
      rows.put(row.instance(), row);
      order.remove(row.instance());
      order.add(row.instance());
      List<@Nullable Object> key = table.keyOf(row);
      keys.merge(key, 1, Integer::sum);
      if (!table.isKeyed()) {
        Long other = everHeld.putIfAbsent(key, row.instance());
        if (other != null && other != row.instance()) {
          ambiguous.add(other);
          ambiguous.add(row.instance());
        }
      }
    }

    private void remove(ModelRow row) {
      rows.remove(row.instance());
      order.remove(row.instance());
      keys.computeIfPresent(table.keyOf(row), (key, count) -> count == 1 ? null : count - 1);
    }
  }
}
