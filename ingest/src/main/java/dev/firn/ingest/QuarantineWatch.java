package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineSettings;
import dev.firn.writer.QuarantineLog;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks now and then at how much is open in a pipeline's quarantine, and says when that grows. */
final class QuarantineWatch {
  private static final Logger LOG = LoggerFactory.getLogger(QuarantineWatch.class);

  private final Catalog catalog;
  private final PipelineSettings settings;

  /** Open entries by the lake's table; one that was seen once stays. */
  private final Map<String, Long> seen = new ConcurrentHashMap<>();

  private long snapshot = -1;

  QuarantineWatch(Catalog catalog, PipelineSettings settings) {
    this.catalog = requireNonNull(catalog, "catalog is null");
    this.settings = requireNonNull(settings, "settings is null");
  }

  /** How many entries are open; for any thread. */
  long entries() {
    return seen.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Those that have any, with their numbers; for any thread. */
  Map<String, Long> open() {
    return seen.entrySet().stream()
        .filter(table -> table.getValue() > 0)
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** Looks again; not for several threads. */
  void look() {
    QuarantineLog.open(catalog, settings)
        .filter(log -> log.snapshotId() != snapshot)
        .ifPresent(this::look);
  }

  private void look(QuarantineLog log) {
    Map<String, Long> open = log.open();
    seen.keySet().forEach(table -> note(table, open.getOrDefault(table, 0L)));
    open.forEach(this::note);
    snapshot = log.snapshotId();
  }

  private void note(String table, long entries) {
    Long before = seen.put(table, entries);
    if (entries > (before == null ? 0 : before)) {
      LOG.warn(
          "{} events of table {} are in quarantine, so that it is not as at the source; see them with firn quarantine list, and have the table read again with firn quarantine replay when their cause is gone",
          entries,
          table);
    }
  }
}
