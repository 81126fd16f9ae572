package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.OverwriteFiles;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.data.GenericDeleteFilter;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;

/** What is in a pipeline's quarantine, for those who look at it from outside. */
public final class QuarantineLog {
  private static final String DROPPED = "firn.quarantine.dropped";
  private static final int ATTEMPTS = 10;

  private static final List<String> WITHOUT_EVENT =
      List.of(
          "_op",
          "_batch",
          "_sequence",
          "_position",
          "_transaction",
          "_committed_at",
          Quarantine.KIND,
          Quarantine.SOURCE_TABLE,
          Quarantine.LAKE_TABLE,
          Quarantine.COLUMN,
          Quarantine.REASON);

  /** Names an entry; later ones are greater. */
  public record Id(long batch, long sequence) implements Comparable<Id> {
    private static final Comparator<Id> ORDER =
        Comparator.comparingLong(Id::batch).thenComparingLong(Id::sequence);

    /**
     * Reads the name of an entry.
     *
     * @throws IllegalArgumentException it is none
     */
    public static Id parse(String text) {
      if (!text.matches("\\d{1,18}\\.\\d{1,18}")) {
        throw new IllegalArgumentException(
            "'%s' names no entry of the quarantine; they are named as 12.3".formatted(text));
      }
      String[] parts = text.split("\\.", 2);
      return new Id(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
    }

    @Override
    public int compareTo(Id other) {
      return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
      return batch + "." + sequence;
    }
  }

  /**
   * One entry.
   *
   * @param op what the event did, by Debezium's letter
   * @param position where its transaction ends at the source
   * @param transaction the source's id of it; empty: it was read, not streamed
   * @param committedAt when the source committed it
   * @param column whose value is {@code null} in the lake; empty: nothing of the event is there
   * @param isOpen whether the table was not read again since
   */
  public record Entry(
      Id id,
      String op,
      String position,
      String transaction,
      Instant committedAt,
      String sourceTable,
      String lakeTable,
      Optional<String> column,
      String reason,
      boolean isOpen) {}

  private final Table table;
  private final long targetFileBytes;

  /** The last entry that a table was read again, by its name; null: not looked at yet. */
  private @Nullable Map<String, Id> read;

  private QuarantineLog(Table table, long targetFileBytes) {
    this.table = table;
    this.targetFileBytes = targetFileBytes;
  }

  /** Empty: the pipeline has no quarantine. */
  public static Optional<QuarantineLog> open(Catalog catalog, PipelineSettings settings) {
    try {
      return Optional.of(
          new QuarantineLog(
              catalog.loadTable(Quarantine.of(settings)), settings.targetFileBytes()));
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  private Map<String, Id> read() {
    if (read == null) {
      read = read(table);
    }
    return read;
  }

  private static Map<String, Id> read(Table table) {
    Map<String, Id> last = new HashMap<>();
    Expression isRead = Expressions.equal(Quarantine.KIND, Quarantine.Kind.TABLE_READ.text());
    forEach(
        table,
        isRead,
        List.of("_batch", "_sequence", Quarantine.KIND, Quarantine.LAKE_TABLE),
        row -> last.merge(text(row, Quarantine.LAKE_TABLE), id(row), QuarantineLog::later));
    return last;
  }

  private static Id later(Id one, Id other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  /** The snapshot that is looked at; -1: there is none. */
  public long snapshotId() {
    Snapshot current = table.currentSnapshot();
    return current == null ? -1 : current.snapshotId();
  }

  /** How many entries are open, by the lake's table; those without any are left out. */
  public Map<String, Long> open() {
    Map<String, Long> open = new TreeMap<>();
    forEachEntry(entry -> {
      if (entry.isOpen()) {
        open.merge(entry.lakeTable(), 1L, Long::sum);
      }
    });
    return open;
  }

  /** The source's tables with open entries, by name. */
  public List<String> openSources() {
    Set<String> sources = new TreeSet<>();
    forEachEntry(entry -> {
      if (entry.isOpen()) {
        sources.add(entry.sourceTable());
      }
    });
    return List.copyOf(sources);
  }

  /** The newest of those that are wanted, in order. */
  public List<Entry> newest(int limit, Predicate<Entry> wanted) {
    PriorityQueue<Entry> newest = new PriorityQueue<>(Comparator.comparing(Entry::id));
    forEachEntry(entry -> {
      if (wanted.test(entry)) {
        newest.add(entry);
        if (newest.size() > limit) {
          newest.remove();
        }
      }
    });
    return newest.stream().sorted(Comparator.comparing(Entry::id)).toList();
  }

  /** The event of an entry as JSON; empty: there is no such entry. */
  public Optional<String> event(Id id) {
    List<String> events = new ArrayList<>();
    forEach(
        table,
        Expressions.and(
            Expressions.equal("_batch", id.batch()), Expressions.equal("_sequence", id.sequence())),
        List.of("_batch", "_sequence", Quarantine.EVENT),
        row -> {
          if (row.getField(Quarantine.EVENT) != null) {
            events.add(text(row, Quarantine.EVENT));
          }
        });
    return events.stream().findFirst();
  }

  private void forEachEntry(Consumer<Entry> each) {
    forEach(
        table,
        Expressions.notEqual(Quarantine.KIND, Quarantine.Kind.TABLE_READ.text()),
        WITHOUT_EVENT,
        row -> each.accept(entry(row)));
  }

  private Entry entry(Record row) {
    Id id = id(row);
    String lakeTable = text(row, Quarantine.LAKE_TABLE);
    Id settled = read().get(lakeTable);
    return new Entry(
        id,
        text(row, "_op"),
        text(row, "_position"),
        text(row, "_transaction"),
        ((OffsetDateTime) requireNonNull(row.getField("_committed_at"))).toInstant(),
        text(row, Quarantine.SOURCE_TABLE),
        lakeTable,
        Optional.ofNullable((String) row.getField(Quarantine.COLUMN)),
        text(row, Quarantine.REASON),
        settled == null || id.compareTo(settled) > 0);
  }

  private static Id id(Record row) {
    return new Id((Long) row.getField("_batch"), (Long) row.getField("_sequence"));
  }

  private static String text(Record row, String column) {
    return String.valueOf(row.getField(column));
  }

  private static void forEach(
      Table table, Expression filter, List<String> columns, Consumer<Record> each) {
    if (table.currentSnapshot() == null) {
      return;
    }
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table).where(filter).select(columns).build()) {
      rows.forEach(each);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + table.name(), e);
    }
  }

  /**
   * Removes entries: their files are written anew without them. Older snapshots of the quarantine
   * have them until these expire. The pipeline may run.
   *
   * @return how many there were
   */
  public long drop(Predicate<Entry> unwanted) {
    for (int attempt = 1; true; attempt++) {
      table.refresh();
      read = null;
      try {
        return dropOnce(unwanted);
      } catch (ValidationException | CommitFailedException e) {
        // Somebody else has rewritten one of the files meanwhile.
        if (attempt == ATTEMPTS) {
          throw new PipelineException(
              "%s: others change it all the time; try again later".formatted(table.name()), e);
        }
      }
    }
  }

  private long dropOnce(Predicate<Entry> unwanted) {
    Snapshot current = table.currentSnapshot();
    if (current == null) {
      return 0;
    }
    RowFiles kept = new RowFiles(table, table.schema(), new LiveFiles(), targetFileBytes);
    try {
      return dropOnto(current, unwanted, kept);
    } catch (ValidationException | CommitFailedException e) {
      kept.abandon();
      throw e;
    }
  }

  private long dropOnto(Snapshot current, Predicate<Entry> unwanted, RowFiles kept) {
    OverwriteFiles overwrite = table.newOverwrite().validateFromSnapshot(current.snapshotId());
    long dropped = 0;
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        long found = count(task, unwanted);
        if (found > 0) {
          overwrite.deleteFile(task.file());
          keep(task, unwanted, kept);
          dropped += found;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    if (dropped > 0) {
      kept.close().forEach(file -> overwrite.addFile(file.file()));
      overwrite.set(DROPPED, Long.toString(dropped)).commit();
    }
    return dropped;
  }

  private long count(FileScanTask task, Predicate<Entry> unwanted) {
    long[] found = {0};
    forEach(task, row -> found[0] += isUnwanted(row, unwanted) ? 1 : 0);
    return found[0];
  }

  private void keep(FileScanTask task, Predicate<Entry> unwanted, RowFiles kept) {
    forEach(
        task,
        row -> {
          if (!isUnwanted(row, unwanted)) {
            kept.write(row, RowLocation.INHERITED);
          }
        });
  }

  /** That a table was read again stays: it settles what is left. */
  private boolean isUnwanted(Record row, Predicate<Entry> unwanted) {
    @Nullable Object kind = row.getField(Quarantine.KIND);
    return !Quarantine.Kind.TABLE_READ.text().equals(kind) && unwanted.test(entry(row));
  }

  private void forEach(FileScanTask task, Consumer<Record> each) {
    // Engines may delete entries as well.
    GenericDeleteFilter deletes =
        new GenericDeleteFilter(table.io(), task, table.schema(), table.schema());
    try (CloseableIterable<Record> rows =
        deletes.filter(
            FormatModelRegistry.<Record, Schema>readBuilder(
                    FileFormat.PARQUET,
                    Record.class,
                    table.io().newInputFile(task.file().location()))
                .project(deletes.requiredSchema())
                .build())) {
      rows.forEach(each);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a file of " + table.name(), e);
    }
  }
}
