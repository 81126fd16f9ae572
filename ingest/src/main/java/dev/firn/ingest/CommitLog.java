package dev.firn.ingest;

import dev.firn.writer.CommittedBatch;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes one line for each commit. */
final class CommitLog {
  private static final Logger LOG = LoggerFactory.getLogger("dev.firn.commit");
  private static final int MAX_TABLES = 5;

  private CommitLog() {}

  static void log(CommittedBatch batch, Duration took) {
    LOG.info(
        "batch {} committed in {} ms: {} transactions, {} rows, up to {}{}",
        batch.number(),
        took.toMillis(),
        batch.transactions(),
        batch.rows(),
        batch.end().position(),
        tables(batch));
  }

  private static String tables(CommittedBatch batch) {
    String tables =
        batch.tables().entrySet().stream()
            .sorted(Comparator.comparing(e -> e.getKey().toString()))
            .limit(MAX_TABLES)
            .map(e ->
                "; %s +%d ~%d -%d (snapshot %d)"
                    .formatted(
                        e.getKey(),
                        e.getValue().inserted(),
                        e.getValue().updated(),
                        e.getValue().deleted(),
                        e.getValue().snapshotId()))
            .collect(Collectors.joining());
    int more = batch.tables().size() - MAX_TABLES;
    return more > 0 ? tables + "; and %d more tables".formatted(more) : tables;
  }
}
