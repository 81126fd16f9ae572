package dev.firn.ingest.demo;

import dev.firn.testing.CanonicalRows;
import dev.firn.testing.ChangelogRows;
import dev.firn.testing.LakeRows;
import dev.firn.testing.ReplayedRows;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.UpdatePartitionSpec;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** The lake as any Iceberg reader sees it: every look loads the table anew from the catalog. */
final class LakeView {
  private final Catalog catalog;
  private final String schema;

  private LakeView(Catalog catalog, String schema) {
    this.catalog = catalog;
    this.schema = schema;
  }

  /** Opens the shop's lake of a folder, local files throughout. */
  static LakeView open(Path folder) {
    return open(folder, Shop.SCHEMA);
  }

  /** Opens the lake of a folder, local files throughout, that has the tables of a schema. */
  static LakeView open(Path folder, String schema) {
    return open(folder, new DemoLake.LocalFiles(folder), schema);
  }

  /** Opens the shop's lake, whose catalog lies in a folder. */
  static LakeView open(Path folder, DemoLake lake) {
    return open(folder, lake, Shop.SCHEMA);
  }

  private static LakeView open(Path folder, DemoLake lake, String schema) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new LakeView(Lake.open(Lake.DEFAULT_NAME, lake.catalog()), schema);
  }

  /** The table as it is now; empty while it does not exist. */
  Optional<Table> table(String name) {
    try {
      return Optional.of(catalog.loadTable(identifier(name)));
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  private TableIdentifier identifier(String name) {
    return TableIdentifier.of(schema, name);
  }

  private Table existing(String name) {
    return catalog.loadTable(identifier(name));
  }

  /** Whether a row of the table has been touched by this mark. */
  boolean shows(String name, OffsetDateTime mark) {
    Expression marked = Expressions.equal("updated_at", mark.toString());
    return table(name).map(table -> !read(table, marked, "updated_at").isEmpty()).orElse(false);
  }

  static List<Record> read(Table table, Expression filter, String... columns) {
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table).where(filter).select(columns).build()) {
      List<Record> found = new ArrayList<>();
      rows.forEach(found::add);
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The number of the newest batch that changed a table. */
  static OptionalLong batch(Table table) {
    for (@Nullable Snapshot at = table.currentSnapshot(); at != null; at = parent(table, at)) {
      String number = at.summary().get(SummaryKeys.BATCH);
      if (number != null) {
        return OptionalLong.of(Long.parseLong(number));
      }
    }
    return OptionalLong.empty();
  }

  private static @Nullable Snapshot parent(Table table, Snapshot snapshot) {
    return snapshot.parentId() == null ? null : table.snapshot(snapshot.parentId());
  }

  RowComparison.Result compare(Connection source, String name) {
    SourceRows rows = SourceRows.of(source, schema, name);
    return RowComparison.compare(rows, LakeRows.of(existing(name), rows.columns()), rows.key());
  }

  static String changelogOf(String name) {
    return LakeTables.changelogOf(TableIdentifier.of(Shop.SCHEMA, name)).name();
  }

  /** Whether a table's baseline and its changelog lead to what the table holds. */
  RowComparison.Result replay(Connection source, String name) {
    SourceRows rows = SourceRows.of(source, schema, name);
    Table table = existing(name);
    return RowComparison.compare(
        LakeRows.of(table, rows.columns()),
        ReplayedRows.of(table, existing(changelogOf(name)), rows.columns(), rows.key()),
        rows.key());
  }

  /** Whether a table's baseline and its changelog lead to what the source has. */
  RowComparison.Result compareReplayed(Connection source, String name) {
    SourceRows rows = SourceRows.of(source, schema, name);
    return RowComparison.compare(
        rows,
        ReplayedRows.of(existing(name), existing(changelogOf(name)), rows.columns(), rows.key()),
        rows.key());
  }

  /** The rows of a table, these columns in this order. */
  CanonicalRows rows(String name, List<String> columns) {
    return LakeRows.of(existing(name), columns);
  }

  /** The rows to which a table's baseline and its changelog lead. */
  CanonicalRows replayed(String name, List<String> columns, List<String> key) {
    return ReplayedRows.of(existing(name), existing(changelogOf(name)), columns, key);
  }

  /**
   * The newest column with values of a column of the source, which may have had several types.
   *
   * @param fits whether a type holds them
   * @throws IllegalArgumentException there is none
   */
  String newestColumn(String table, String column, Predicate<Type> fits) {
    Pattern version = Pattern.compile(Pattern.quote(column) + "(?:_v(\\d+))?");
    return existing(table).schema().columns().stream()
        .filter(field -> version.matcher(field.name()).matches() && fits.test(field.type()))
        .map(Types.NestedField::name)
        .max(Comparator.comparingInt(name -> version(version, name)))
        .orElseThrow(
            () -> new IllegalArgumentException("%s has no column %s".formatted(table, column)));
  }

  private static int version(Pattern version, String name) {
    Matcher matcher = version.matcher(name);
    return matcher.matches() && matcher.group(1) != null ? Integer.parseInt(matcher.group(1)) : 1;
  }

  /** Partitions a table anew, as any other engine may. */
  void partition(String name, UnaryOperator<UpdatePartitionSpec> change) {
    while (true) {
      try {
        change.apply(existing(name).updateSpec()).commit();
        return;
      } catch (CommitFailedException e) {
        // Iceberg does not try that again when somebody else has just committed.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  /** How many commits of a writer came after the first one of a writer that had replaced it. */
  long commitsOfReplaced(String name) {
    long highest = 0;
    long late = 0;
    for (Snapshot snapshot : existing(name).snapshots()) {
      String text = snapshot.summary().get(SummaryKeys.EPOCH);
      long epoch = text == null ? highest : Long.parseLong(text);
      late += epoch < highest ? 1 : 0;
      highest = Math.max(highest, epoch);
    }
    return late;
  }

  /** One change of an order, as the changelog tells it. */
  record OrderChange(
      OffsetDateTime committedAt, String op, String transaction, String status, BigDecimal total) {}

  /** The changes of the order that has changed most often; empty when none has changed. */
  List<OrderChange> longestLife() {
    Map<Object, List<Record>> byOrder = new HashMap<>();
    for (Record row : read(existing(changelogOf("orders")), Expressions.alwaysTrue(), "*")) {
      byOrder.computeIfAbsent(row.getField("id"), id -> new ArrayList<>()).add(row);
    }
    return byOrder.values().stream()
        .max(Comparator.comparingInt(List::size))
        .map(LakeView::inOrder)
        .orElse(List.of());
  }

  private static List<OrderChange> inOrder(List<Record> rows) {
    return rows.stream()
        .sorted(ChangelogRows.ORDER)
        .map(row ->
            new OrderChange(
                (OffsetDateTime) row.getField("_committed_at"),
                (String) row.getField("_op"),
                (String) row.getField("_transaction"),
                Objects.requireNonNullElse((String) row.getField("status"), ""),
                Objects.requireNonNullElse((BigDecimal) row.getField("total"), BigDecimal.ZERO)))
        .toList();
  }

  /** What a lake is made of. */
  record Contents(
      long commits, long batches, long dataFiles, long deletionVectors, long equalityDeletes) {}

  /** Counts commits since an instant, and the files that the tables consist of now. */
  Contents contents(Instant since) {
    long commits = 0;
    long dataFiles = 0;
    Set<String> batches = new HashSet<>();
    Set<String> vectors = new HashSet<>();
    Set<String> equalityDeletes = new HashSet<>();
    for (String name : Shop.TABLES) {
      Table table = existing(name);
      for (Snapshot snapshot : table.snapshots()) {
        String batch = snapshot.summary().get(SummaryKeys.BATCH);
        if (batch != null && snapshot.timestampMillis() >= since.toEpochMilli()) {
          commits++;
          batches.add(batch);
        }
      }
      dataFiles += countFiles(table, vectors, equalityDeletes);
    }
    return new Contents(commits, batches.size(), dataFiles, vectors.size(), equalityDeletes.size());
  }

  private static long countFiles(Table table, Set<String> vectors, Set<String> equalityDeletes) {
    long dataFiles = 0;
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        dataFiles++;
        for (DeleteFile delete : task.deletes()) {
          if (delete.content() == FileContent.EQUALITY_DELETES) {
            equalityDeletes.add(delete.location());
          } else if (delete.format() == FileFormat.PUFFIN) {
            vectors.add(delete.location() + "@" + delete.contentOffset());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return dataFiles;
  }

  /** Orders of one status: how many, and what they add up to. */
  record Turnover(long orders, BigDecimal total) {
    static final Turnover NONE = new Turnover(0, BigDecimal.ZERO);

    Turnover plus(BigDecimal more) {
      return new Turnover(orders + 1, total.add(more));
    }
  }

  /** Orders by status at an instant (the newest snapshot not after it); empty if there was none. */
  Optional<Map<String, Turnover>> turnover(Instant at) {
    Table orders = existing("orders");
    boolean existed =
        orders.history().stream().anyMatch(entry -> entry.timestampMillis() <= at.toEpochMilli());
    if (!existed) {
      return Optional.empty();
    }
    Map<String, Turnover> byStatus = new TreeMap<>();
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(orders)
            .asOfTime(at.toEpochMilli())
            .select("status", "total")
            .build()) {
      for (Record row : rows) {
        byStatus.merge(
            (String) row.getField("status"),
            Turnover.NONE.plus((BigDecimal) row.getField("total")),
            (a, b) -> new Turnover(a.orders() + b.orders(), a.total().add(b.total())));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Optional.of(byStatus);
  }
}
