package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineSettings;
import dev.firn.writer.Quarantine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;

/** Compares the quarantine with what was set aside, some changes of each table by their number. */
final class QuarantineCheck {
  /** One in so many changes. */
  private static final int RARE = 13;

  private final ModelSource source;
  private final LakeReader lake;
  private final PipelineSettings settings;

  QuarantineCheck(ModelSource source, LakeReader lake, PipelineSettings settings) {
    this.source = source;
    this.lake = lake;
    this.settings = settings;
  }

  /** The numbers of the changes of which something is set aside; the same for each process. */
  static List<Integer> asides(ModelTransaction transaction) {
    return IntStream.range(0, transaction.changes().size())
        .filter(number -> (transaction.end().at() * 31 + number) % RARE == 0)
        .boxed()
        .toList();
  }

  static String event(ModelTransaction transaction, int number) {
    return "%s/%d".formatted(transaction.end(), number);
  }

  /**
   * Each event that was set aside is there once: all up to the last complete batch, and where the
   * quarantine is ahead, all up to the end of its own last batch.
   *
   * @param first where the initial snapshot ended
   */
  void check(ModelPosition first, ModelPosition complete) {
    Table log = lake.catalog().loadTable(Quarantine.of(settings));
    ModelPosition upTo =
        LakeReader.position(log, log.currentSnapshot())
            .filter(own -> own.isAfter(complete))
            .orElse(complete);
    List<String> found = found(log);
    List<String> expected = expected(first, upTo);
    if (!found.equals(expected)) {
      throw new InvariantViolation(
          "from %s to %s the quarantine has %s, not %s".formatted(first, upTo, found, expected));
    }
  }

  private List<String> expected(ModelPosition first, ModelPosition upTo) {
    List<String> events = new ArrayList<>();
    for (ModelTransaction transaction : source.after(first)) {
      if (!transaction.end().isAfter(upTo)) {
        asides(transaction).forEach(number -> events.add(event(transaction, number)));
      }
    }
    return events.stream().sorted().toList();
  }

  /** What it tells, but for what it tells again since a table was read. */
  private static List<String> found(Table log) {
    List<Record> rows = rows(log);
    Set<String> read = new HashSet<>();
    List<String> events = new ArrayList<>();
    for (Record row : rows) {
      String batchAndTable = row.getField("_batch") + " " + row.getField(Quarantine.LAKE_TABLE);
      @Nullable Object event = row.getField(Quarantine.EVENT);
      if (event == null) {
        read.add(batchAndTable);
      } else if (!read.contains(batchAndTable)) {
        events.add(event.toString());
      }
    }
    return events.stream().sorted().toList();
  }

  private static List<Record> rows(Table log) {
    List<Record> rows = new ArrayList<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(log).build()) {
      read.forEach(rows::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows.sort(
        Comparator.comparingLong((Record row) -> number(row, "_batch"))
            .thenComparingLong(row -> number(row, "_sequence")));
    return rows;
  }

  private static long number(Record row, String column) {
    return requireNonNull((Long) row.getField(column));
  }
}
