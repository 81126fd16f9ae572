package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.testing.LakeRows;
import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineState;
import io.debezium.config.Configuration;
import io.debezium.engine.DebeziumEngine.Offsets;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.relational.history.HistoryRecordComparator;
import io.debezium.relational.history.SchemaHistoryListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The real pipeline over a real lake in a folder, with recorded events in the place of Debezium's
 * engine.
 */
final class ToldLake {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A process ends before each so many-th record; before each with {@code -Dfirn.cuts=1}. */
  private static final int CUTS = Integer.getInteger("firn.cuts", 5);

  private final SourceKind kind;
  private final Path folder;
  private final Map<String, String> source;
  private final Map<String, String> sink = new HashMap<>();
  private List<SourceTable> unrecorded = List.of();

  ToldLake(SourceKind kind, Path folder, Map<String, String> source) {
    this.kind = kind;
    this.folder = folder;
    this.source = new HashMap<>(source);
    this.source.put("topic.prefix", ConnectorEvents.TOPIC);
    sink.put("dir", folder.toString());
    sink.put("pipeline", "told");
    sink.put("commit.interval-min", "1ms");
    sink.put("maintenance", "false");
  }

  /** Sets a key of the sink. */
  ToldLake set(String key, String value) {
    sink.put(key, value);
    return this;
  }

  /** Sets the tables of which the source says that it does not record them. */
  ToldLake setUnrecorded(SourceTable... tables) {
    unrecorded = List.of(tables);
    return this;
  }

  /** Sets a key of the source. */
  ToldLake setSource(String key, String value) {
    source.put(key, value);
    return this;
  }

  SinkSettings settings() {
    return SinkSettings.parse(sink, 512L << 20);
  }

  OtherSource source() {
    SinkSettings settings = settings();
    OtherSettings.check(settings);
    return new OtherSource(kind, source, settings.columnRules(), () -> unrecorded);
  }

  /** A process of the pipeline. */
  final class Running implements AutoCloseable {
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final IngestRun run;
    private final LakeSchemaHistory history;

    private Running() {
      this.run =
          IngestRun.start(
              settings(),
              source(),
              new CommitLoop.Listener() {
                @Override
                public void committed(CommittedBatch batch, Duration took) {}

                @Override
                public void failed(RuntimeException why) {
                  failure.set(why);
                }
              });
      this.history = new LakeSchemaHistory();
      history.configure(
          Configuration.empty(),
          HistoryRecordComparator.INSTANCE,
          SchemaHistoryListener.NOOP,
          false);
    }

    /** Gives it the records one by one, as an engine may. */
    Running take(List<SourceRecord> records) throws InterruptedException {
      for (SourceRecord event : records) {
        remember(event);
        run.handle(List.of(event), Function.identity(), new Unheard());
      }
      return this;
    }

    /** What the connector itself does with a definition, before it tells of it. */
    private void remember(SourceRecord event) {
      if (event.value() instanceof Struct value && value.schema().field("tableChanges") != null) {
        history.record(
            event.sourcePartition(),
            event.sourceOffset(),
            value.getString("databaseName"),
            value.getString("ddl"));
      }
    }

    /** Waits until all that was given on is in the lake, and it is at a position. */
    Running settle(String position) throws InterruptedException {
      return await(() -> run.position().map(Object::toString).orElse("").equals(position));
    }

    /** Waits until no whole transaction waits for its commit. */
    Running settle() throws InterruptedException {
      return await(() -> run.status(Instant.now()).progress().waiting().isEmpty());
    }

    /** Comes by again and again, as an engine does: only so does a run look how its commits are. */
    private Running await(BooleanSupplier isReached) throws InterruptedException {
      Instant deadline = Instant.now().plus(PATIENCE);
      visit();
      while (!isReached.getAsBoolean()) {
        if (failure.get() != null || Instant.now().isAfter(deadline)) {
          throw new AssertionError("still at " + run.position(), failure.get());
        }
        // Between two visits; what is waited for is the condition.
        Thread.sleep(2);
        visit();
      }
      return this;
    }

    private void visit() throws InterruptedException {
      run.handle(List.<SourceRecord>of(), Function.identity(), new Unheard());
    }

    @Override
    public void close() {
      run.close();
    }
  }

  private static final class Unheard implements RecordCommitter<SourceRecord> {
    @Override
    public void markProcessed(SourceRecord event) {}

    @Override
    public void markBatchFinished() {}

    @Override
    public void markProcessed(SourceRecord event, Offsets offsets) {}

    @Override
    public Offsets buildOffsets() {
      throw new UnsupportedOperationException();
    }
  }

  Running start() {
    return new Running();
  }

  /** What was recorded of a source, and what the lake has to be by it. */
  interface Recording {
    List<SourceRecord> events();

    /** What Debezium sends to a process that starts from what the lake has. */
    List<SourceRecord> sentAgain(ToldLake lake);

    /** The position after all of it. */
    String end();

    /** The lake's rows, by their tables and keys. */
    Map<String, String> state(ToldLake lake);

    /** The source's rows between its transactions: first those of the initial snapshot. */
    List<Map<String, String>> states();

    /** Looks at the changelogs after all of it. */
    default void requireChanges(ToldLake lake) {}
  }

  /**
   * For each record, or some of them: the process ends before it, at once or when all is in the
   * lake; then the lake is as the source was between two transactions, and another process goes on
   * from there.
   *
   * @param lakes makes a new one by its name
   */
  static void crashAnywhere(Function<String, ToldLake> lakes, Recording recording)
      throws InterruptedException {
    List<SourceRecord> events = recording.events();
    for (int cut = 0; cut <= events.size(); cut += CUTS) {
      ToldLake lake = lakes.apply("cut-" + cut);
      try (Running process = lake.start()) {
        process.take(events.subList(0, cut));
        if (cut % 2 == 0) {
          process.settle();
        }
      }
      Map<String, String> found = recording.state(lake);
      assertThat(found.isEmpty() || recording.states().contains(found))
          .as("cut %d: %s", cut, found)
          .isTrue();
      try (Running process = lake.start()) {
        process.take(recording.sentAgain(lake)).settle(recording.end());
      }
      requireWhole(lake, recording);
    }
  }

  /** Looks whether a lake is what its source is after all of a recording. */
  static void requireWhole(ToldLake lake, Recording recording) {
    assertThat(recording.state(lake)).isEqualTo(recording.states().getLast());
    recording.requireChanges(lake);
  }

  /** What {@code firn resnapshot --all --new-slot} does. */
  void readAnew() {
    long unused =
        inCatalog(catalog ->
            Pipeline.readAnew(
                catalog, settings().pipeline(), source().log()::parse, source().notes()));
  }

  private <T> T inCatalog(Function<Catalog, T> look) {
    return look.apply(Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder)));
  }

  /** From where an engine of the running process would resume a partition; empty: nowhere yet. */
  Optional<Map<String, Object>> resumed(Map<String, String> partition) {
    try {
      ByteBuffer key = ByteBuffer.wrap(JSON.writeValueAsBytes(List.of("firn", partition)));
      ByteBuffer offset = new LakeOffsetStore().get(List.of(key)).get().get(key);
      return offset == null
          ? Optional.empty()
          : Optional.of(
              JSON.readValue(
                  StandardCharsets.UTF_8.decode(offset).toString(), new TypeReference<>() {}));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Up to where the control table is; empty: the initial snapshot is not complete. */
  Optional<String> position() {
    return inCatalog(catalog -> Pipeline.look(catalog, settings().pipeline()))
        .map(PipelineState::position)
        .filter(position -> !position.isEmpty());
  }

  /** The rows of a table by their first column, all columns as text; none: it is not there. */
  Map<String, String> rows(String namespace, String table, String... columns) {
    return inCatalog(catalog -> {
      Map<String, String> rows = new TreeMap<>();
      TableIdentifier name = TableIdentifier.of(namespace, table);
      if (catalog.tableExists(name)) {
        LakeRows.of(catalog.loadTable(name), List.of(columns))
            .forEach(row -> {
              String before = rows.put(String.valueOf(row[0]), text(row));
              if (before != null) {
                throw new AssertionError("%s has %s twice".formatted(name, row[0]));
              }
            });
      }
      return rows;
    });
  }

  /** The rows of a table, as text, in no particular order. */
  List<String> all(String namespace, String table, String... columns) {
    return inCatalog(catalog -> {
      List<String> rows = new ArrayList<>();
      TableIdentifier name = TableIdentifier.of(namespace, table);
      if (catalog.tableExists(name)) {
        LakeRows.of(catalog.loadTable(name), List.of(columns)).forEach(row -> rows.add(text(row)));
      }
      return rows;
    });
  }

  private static String text(Object[] row) {
    return String.join(" ", Stream.of(row).map(String::valueOf).toList());
  }
}
