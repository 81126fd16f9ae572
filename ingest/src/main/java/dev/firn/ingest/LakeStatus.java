package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineState;
import dev.firn.writer.QuarantineLog;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.jspecify.annotations.Nullable;

/**
 * What the lake says of a pipeline, by metadata alone and without taking it over.
 *
 * @param lastCommit when the newest of the pipeline's commits was made
 * @param freeBytes what is left on the disk; empty for a lake that is not on a local one
 * @param quarantine how many events of which tables are open there
 */
record LakeStatus(
    PipelineState state,
    List<TableStatus> tables,
    Optional<Instant> lastCommit,
    Optional<Long> freeBytes,
    Map<String, Long> quarantine) {

  /**
   * A table as it is now.
   *
   * @param problem why the rest is not known; else empty
   */
  record TableStatus(String name, long rows, long dataFiles, long deleteFiles, String problem) {
    TableStatus {
      requireNonNull(name, "name is null");
      requireNonNull(problem, "problem is null");
    }
  }

  LakeStatus {
    requireNonNull(state, "state is null");
    tables = List.copyOf(tables);
    requireNonNull(lastCommit, "lastCommit is null");
    requireNonNull(freeBytes, "freeBytes is null");
    quarantine = Collections.unmodifiableMap(new TreeMap<>(quarantine));
  }

  /** The failure that ended the newest process, or an older one. */
  Optional<FailureNote> failure() {
    return Optional.ofNullable(state.notes().get(FailureNote.NAME)).flatMap(FailureNote::parse);
  }

  /** Whether the newest process has failed. */
  boolean hasFailed() {
    return failure().map(failure -> failure.epoch() == state.epoch()).orElse(false);
  }

  static Asked<LakeStatus> ask(SinkSettings settings) {
    Catalog catalog;
    try {
      catalog = LakeProbe.open(settings);
    } catch (SettingsException e) {
      return Asked.nothing("cannot open the lake: " + e.getMessage());
    } catch (RuntimeException e) {
      return Asked.nothing("cannot open the catalog: " + ConnectionLoss.reason(e));
    }
    try (Closeable closing = Lake.closing(catalog)) {
      return Pipeline.look(catalog, settings.pipeline())
          .map(state -> Asked.of(of(catalog, state, settings)))
          .orElseGet(() ->
              Asked.nothing(
                  "the lake knows no pipeline %s: it has never run"
                      .formatted(settings.pipeline().name())));
    } catch (RuntimeException e) {
      return Asked.nothing("cannot read the lake: " + ConnectionLoss.reason(e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Long> freeBytes(SinkSettings settings) {
    String warehouse = settings.catalog().getOrDefault("warehouse", "");
    try {
      return warehouse.startsWith("file:")
          ? Optional.of(Files.getFileStore(Path.of(URI.create(warehouse))).getUsableSpace())
          : Optional.empty();
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }

  private static LakeStatus of(Catalog catalog, PipelineState state, SinkSettings settings) {
    List<TableStatus> tables = new ArrayList<>();
    Optional<Instant> newest = Optional.empty();
    for (Map.Entry<TableIdentifier, Long> entry : state.tables().entrySet()) {
      String name = entry.getKey().toString();
      try {
        Table table = catalog.loadTable(entry.getKey());
        tables.add(status(name, table));
        newest = later(newest, table.snapshot(entry.getValue()));
      } catch (NoSuchTableException e) {
        tables.add(new TableStatus(name, 0, 0, 0, "is gone"));
      }
    }
    return new LakeStatus(
        state,
        tables,
        state.batch() == 0 ? Optional.empty() : newest,
        freeBytes(settings),
        QuarantineLog.open(catalog, settings.pipeline()).map(QuarantineLog::open).orElse(Map.of()));
  }

  private static Optional<Instant> later(Optional<Instant> newest, @Nullable Snapshot snapshot) {
    if (snapshot == null) {
      return newest;
    }
    Instant at = Instant.ofEpochMilli(snapshot.timestampMillis());
    return newest.filter(known -> known.isAfter(at)).or(() -> Optional.of(at));
  }

  private static TableStatus status(String name, Table table) {
    Snapshot current = table.currentSnapshot();
    if (current == null) {
      return new TableStatus(name, 0, 0, 0, "");
    }
    Map<String, String> summary = current.summary();
    long rows =
        number(summary, SnapshotSummary.TOTAL_RECORDS_PROP)
            - number(summary, SnapshotSummary.TOTAL_POS_DELETES_PROP);
    return new TableStatus(
        name,
        rows,
        number(summary, SnapshotSummary.TOTAL_DATA_FILES_PROP),
        number(summary, SnapshotSummary.TOTAL_DELETE_FILES_PROP),
        "");
  }

  private static long number(Map<String, String> summary, String key) {
    return Long.parseLong(summary.getOrDefault(key, "0"));
  }
}
