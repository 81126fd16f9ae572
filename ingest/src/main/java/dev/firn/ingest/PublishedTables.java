package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows by what membership in the publication each table's changes have come, so that it notices
 * when some did not: a table that is taken out of the publication has no changes in the log.
 */
final class PublishedTables {
  static final String NOTE = "publication-members";
  private static final Logger LOG = LoggerFactory.getLogger(PublishedTables.class);

  private final Publication publication;
  private final String name;
  private final Map<String, String> members = new TreeMap<>();
  private volatile boolean isChanged;

  PublishedTables(PostgresSource source, Pipeline pipeline) {
    this.publication = new Publication(source);
    this.name = source.publication();
    JsonNote.read(pipeline, NOTE, new TypeReference<Map<String, String>>() {})
        .ifPresent(members::putAll);
  }

  /**
   * Looks at captured tables.
   *
   * @param follows whether the log is followed: before that a publication that is ours need not be
   *     there; it is made, or made right, when the initial snapshot begins
   * @param read sees to it that a table is read of which changes may be missing
   * @throws PipelineException changes are missing, and it is not for Firn to end that
   */
  void look(
      Connection asked,
      List<TableWatch.Seen> tables,
      boolean follows,
      Consumer<ReadingRequest> read)
      throws SQLException {
    Optional<Map<SourceTable, Publication.Member>> members = publication.members(asked);
    if (follows && members.isEmpty()) {
      throw new PipelineException(
          SourceLoss.of(
              "publication %s is gone: changes since then are not in the log".formatted(name)));
    }
    if (follows || (members.isPresent() && !publication.isOurs())) {
      members.ifPresent(all -> all.forEach(this::requirePartitionsByName));
      tables.stream()
          .map(TableWatch.Seen::table)
          .forEach(table -> look(table, members.map(all -> all.get(table)), read));
    }
  }

  /**
   * Looks at a captured table.
   *
   * @param now how it is a member; empty: it is none
   * @param read sees to it that a table is read of which changes may be missing
   * @throws PipelineException changes are missing, and it is not for Firn to end that
   */
  private synchronized void look(
      SourceTable table, Optional<Publication.Member> now, Consumer<ReadingRequest> read) {
    requireWhole(table, now);
    String id = now.map(Publication.Member::id).orElse("");
    String known = members.put(table.toString(), id);
    isChanged |= !id.equals(known);
    // One that was not known, or known to be none, is being read or has just been.
    if (known == null || known.isEmpty() || known.equals(id)) {
      return;
    }
    String why =
        id.isEmpty() ? "publication %s lacked it" : "publication %s was changed, or lacked it";
    LOG.warn("table {} is read again: {}", table, why.formatted(name));
    read.accept(new ReadingRequest(table, ReadingRequest.GAP + why.formatted(name)));
  }

  private void requirePartitionsByName(SourceTable table, Publication.Member member) {
    if (member.hidesPartitions()) {
      throw new PipelineException(
          "publication %s tells changes of the partitions of table %s under that name (publish_via_partition_root), and not those that empty a partition. Way on: run ALTER PUBLICATION %s SET (publish_via_partition_root = false) and start again"
              .formatted(name, table, SourceTable.quoted(name)));
    }
  }

  private void requireWhole(SourceTable table, Optional<Publication.Member> now) {
    if (now.isPresent() && !now.orElseThrow().hidden().isEmpty()) {
      throw new PipelineException(
          "publication %s hides changes of table %s (%s). Ways on: (1) let it publish all of them and start again: the table is then read anew; (2) leave the table out with debezium.source.table.exclude.list"
              .formatted(name, table, now.orElseThrow().hidden()));
    }
    if (now.isEmpty() && !publication.isOurs()) {
      throw new PipelineException(
          "publication %s lacks table %s, whose changes are not in the log. Ways on: (1) run %s and start again: the table is then read anew; (2) leave the table out with debezium.source.table.exclude.list"
              .formatted(name, table, publication.adding(table)));
    }
  }

  /**
   * What has to be written down, if it is time to.
   *
   * @param isSettled whether all readings that were asked for are written down: they come first
   */
  Optional<String> changed(BooleanSupplier isSettled) {
    return isChanged ? takeChanged(isSettled) : Optional.empty();
  }

  private synchronized Optional<String> takeChanged(BooleanSupplier isSettled) {
    if (!isSettled.getAsBoolean()) {
      return Optional.empty();
    }
    isChanged = false;
    return Optional.of(JsonNote.text(members));
  }

  /** Writes down what {@link #changed} gave. Not while batches are being committed. */
  static void note(Pipeline pipeline, String text) {
    pipeline.note(NOTE, text);
  }
}
