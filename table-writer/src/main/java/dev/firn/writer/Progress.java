package dev.firn.writer;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * How far a pipeline is: the position that all tables have, what a crash has left beyond it in some
 * of them, and the number of the last batch.
 */
final class Progress {
  private final ControlTable control;
  private final Function<String, Position> positions;

  private volatile Recovery recovery;

  /** The number of the last batch that this or an earlier writer has made. */
  private long lastBatch;

  /**
   * @param positions turns a position's text back into a position
   */
  Progress(ControlTable control, ClaimedTables claimed, Function<String, Position> positions) {
    this.control = control;
    this.positions = positions;
    this.recovery = claimed.recovery(position(), positions);
    this.lastBatch = claimed.lastBatch(position().map(recovery::isPending).orElse(false));
  }

  /** Whether the initial snapshot is complete. */
  boolean isStreaming() {
    return control.state().offset().isPresent();
  }

  /** The position of the last batch that is complete in all tables; empty before the first one. */
  Optional<Position> position() {
    String text = control.state().position();
    return text.isEmpty() ? Optional.empty() : Optional.of(positions.apply(text));
  }

  /** The furthest position of which any table or changelog has rows. */
  Optional<Position> furthest() {
    return recovery.target().or(this::position);
  }

  Recovery recovery() {
    return recovery;
  }

  /** Whether all tables are complete: no batch is being repaired that a crash left in some only. */
  boolean isWhole() {
    return position().isPresent() && !recovery.isPending(position().orElseThrow());
  }

  /** What a table or changelog, opened after the start, has already. */
  void found(TableIdentifier name, Mark mark) {
    if (!mark.position().isEmpty()) {
      recovery = recovery.with(name, positions.apply(mark.position()));
    }
  }

  /** Nothing is left to be repaired: all tables begin anew. */
  void startOver() {
    recovery = Recovery.NONE;
  }

  /** Who starts over finds tables with batches of the time before: their numbers go on above. */
  void numberAbove(Mark mark) {
    if (!isStreaming()) {
      lastBatch = Math.max(lastBatch, mark.batch());
    }
  }

  long lastBatch() {
    return lastBatch;
  }

  /**
   * A batch is visible in all of its tables; one that repairs an interrupted one keeps its number.
   */
  void made(BatchInfo info) {
    if (!recovery.isPending(info.end().position())) {
      lastBatch = info.mark().batch();
    }
  }

  /** The numbers of the batches that a table has beyond what all have. */
  BatchNumbers numbers(TableIdentifier name, Table table) {
    Map<TableIdentifier, Position> ahead = recovery.ahead();
    return recovery
        .complete()
        .filter(all -> ahead.containsKey(name))
        .map(all -> BatchNumbers.of(table, all, positions))
        .orElse(BatchNumbers.NONE);
  }
}
