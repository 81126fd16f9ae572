package dev.firn.ingest;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.Pipeline;
import dev.firn.writer.Position;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Follows a PostgreSQL: its slot and timeline by a guard, its publication table by table. */
record PostgresFollowing(SourceGuard guard, PublishedTables published) implements Following {
  @Override
  public void begin() {
    guard.begin();
  }

  @Override
  public void reached(Position position) {
    guard.reached((LsnPosition) position);
  }

  @Override
  public Optional<Consumer<Pipeline>> urgentNote() {
    return guard.takeMoved().map(server -> server::note);
  }

  @Override
  public void look(
      SourceLook look, List<TableWatch.Seen> tables, boolean follows, Consumer<ReadingRequest> read)
      throws SQLException {
    published.look(((PostgresLook) look).asked(), tables, follows, read);
  }

  @Override
  public Optional<Consumer<Pipeline>> dueNote(BooleanSupplier isSettled) {
    return published
        .changed(isSettled)
        .map(text -> pipeline -> PublishedTables.note(pipeline, text));
  }

  @Override
  public void end() {
    guard.end();
  }
}
