package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import dev.firn.writer.Position;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Keeps in the lake what the events of a source say of its tables, before what needs it. */
final class OtherFollowing implements Following {
  private final EventTables tables;
  private final StatementHistory statements;
  private volatile boolean streams;

  /**
   * @param streams whether the initial snapshot is complete
   */
  OtherFollowing(EventTables tables, StatementHistory statements, boolean streams) {
    this.tables = tables;
    this.statements = statements;
    this.streams = streams;
  }

  /**
   * The drivers give times without a zone as of this process's zone: one that has an hour twice, or
   * leaves one out, would change them.
   */
  @Override
  public void begin() {
    TimeZone.setDefault(TimeZone.getTimeZone(ZoneOffset.UTC));
    LakeSchemaHistory.use(statements);
  }

  @Override
  public void reached(Position position) {
    streams = true;
  }

  /** What an initial snapshot tells is noted once, before that is published. */
  @Override
  public Optional<Consumer<Pipeline>> urgentNote() {
    return streams ? note() : Optional.empty();
  }

  @Override
  public Optional<Consumer<Pipeline>> dueNote(BooleanSupplier isSettled) {
    return note();
  }

  private Optional<Consumer<Pipeline>> note() {
    Optional<String> told = tables.takeNote();
    Optional<String> defined = statements.takeNote();
    if (told.isEmpty() && defined.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(pipeline -> {
      defined.ifPresent(text -> pipeline.note(StatementHistory.NOTE, text));
      told.ifPresent(text -> pipeline.note(EventTables.NOTE, text));
    });
  }

  /** Nothing but the events tells of the tables. */
  @Override
  public void look(
      SourceLook look,
      List<TableWatch.Seen> seen,
      boolean follows,
      Consumer<ReadingRequest> read) {}

  @Override
  public void end() {}
}
