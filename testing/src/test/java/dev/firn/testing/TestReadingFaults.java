package dev.firn.testing;

import static dev.firn.testing.CountedPosition.end;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TableReading;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A table is read beside the stream while its commits fail in every way. */
class TestReadingFaults {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "text", Types.StringType.get()));

  private final MemoryStorage storage = new MemoryStorage();

  /** One process of the pipeline. */
  private final class Writer {
    private final Faults faults = Faults.none();
    private final Pipeline pipeline;
    private final RowTarget target;

    Writer() {
      FaultyCatalog catalog = new FaultyCatalog(storage, faults, CONTROL);
      PipelineSettings settings =
          new PipelineSettings(
              "p",
              CONTROL,
              3,
              Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "2"),
              128L << 20);
      pipeline = Pipeline.takeOver(catalog, settings, CountedPosition::parse, Runnable::run);
      target = pipeline.open(new TableDefinition(TABLE, SCHEMA, List.of("id")));
    }

    Record row(long id, String text) {
      Record row = GenericRecord.create(target.written());
      row.set(0, id);
      row.set(1, text);
      return row;
    }

    SourceTransaction insert(long at, long id) {
      Record row = row(id, "streamed");
      return new SourceTransaction(
          List.of(new TableChange(TABLE, new RowChange.Insert(target.keys().keyOf(row), row), 100)),
          end(at));
    }

    void commit(SourceTransaction transaction) {
      var batch = pipeline.newBatch();
      batch.add(transaction);
      var committed = pipeline.commit(pipeline.prepare(batch));
      var settled = pipeline.settle();
      assertThat(settled).as("%s", committed).isPresent();
    }

    /** Reads what the source holds: a row that the lake lacks, and one that is held. */
    void read() {
      TableReading reading = pipeline.read(TABLE, List.of());
      assertThat(reading.begin(transaction -> transaction.equals("x2"))).isTrue();
      reading.passed();
      SourceTransaction held = insert(3, 3);
      reading.ended(held);
      if (!pipeline.position().orElseThrow().contains(new CountedPosition(3))) {
        commit(held);
      }
      reading.add(row(1, "read"));
      reading.add(row(2, "read"));
      reading.read();
      var unused = pipeline.complete(reading, Instant.EPOCH);
    }
  }

  static Stream<Arguments> faults() {
    return Stream.of(FaultPoint.values())
        .filter(point -> point.isCommit() || point == FaultPoint.MANIFEST_LIST_CLOSE)
        .filter(point -> !point.toString().endsWith("create"))
        .flatMap(point -> point.kinds().stream().map(kind -> Arguments.of(point, kind)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void isCompleteOnceOrReadAgain(FaultPoint point, FaultKind kind) {
    for (int pass = 0; pass < 4; pass++) {
      storage.pointers().keySet().forEach(storage::drop);
      Writer writer = new Writer();
      InitialSnapshot initial = writer.pipeline.initialSnapshot();
      initial.add(TABLE, writer.row(1, "first"));
      var published = initial.publish(end(1));
      writer.commit(writer.insert(2, 9));
      writer.pipeline.requestReading(TABLE, "test", false);
      writer.faults.arm(point, kind, pass);
      try {
        writer.read();
      } catch (RuntimeException | Error e) {
        assertThat(writer.faults.struck()).as("%s", published).isPresent();
        writer.faults.kill();
      }
      Writer next = new Writer();
      if (next.pipeline.reading(TABLE).isPresent()) {
        assertThat(rows()).isIn(BEFORE, STREAMED, AFTER);
        next.read();
      }
      assertThat(rows()).isEqualTo(AFTER);
      next.commit(next.insert(4, 4));
      assertThat(rows()).hasSize(4);
      assertThat(ReplayedRows.of(table(TABLE), changelog(), List.of("id", "text"), List.of("id")))
          .satisfies(replayed -> {
            SortedSet<String> all = new TreeSet<>();
            replayed.forEach(row -> all.add(row[0] + ":" + row[1]));
            assertThat(all).isEqualTo(rows());
          });
    }
  }

  private static final SortedSet<String> BEFORE = set("1:first", "9:streamed");
  private static final SortedSet<String> STREAMED = set("1:first", "3:streamed", "9:streamed");
  private static final SortedSet<String> AFTER = set("1:read", "2:read", "3:streamed");

  private static SortedSet<String> set(String... rows) {
    return new TreeSet<>(List.of(rows));
  }

  private Table table(TableIdentifier name) {
    return new FaultyCatalog(storage, Faults.none(), CONTROL).loadTable(name);
  }

  private Table changelog() {
    return table(TableIdentifier.of(TABLE.namespace(), TABLE.name() + "_changelog"));
  }

  private SortedSet<String> rows() {
    SortedSet<String> rows = new TreeSet<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table(TABLE)).build()) {
      read.forEach(row -> rows.add(row.get(0) + ":" + row.get(1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }
}
