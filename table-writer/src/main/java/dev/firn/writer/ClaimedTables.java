package dev.firn.writer;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.jspecify.annotations.Nullable;

/** The tables that a writer has taken over as it started, and in what state it found them. */
final class ClaimedTables {
  /**
   * @param mark what the writer before has left in it, under the epoch of this one
   */
  record Claimed(Table table, Mark mark) {}

  private final Catalog catalog;
  private final PipelineSettings settings;
  private final ControlTable control;
  private final Troubles troubles;
  private final Map<TableIdentifier, Claimed> claimed = new HashMap<>();
  private Claim claim;

  /**
   * Takes over what is registered in the control table.
   *
   * @throws PipelineException a table is missing or was replaced or rolled back
   */
  ClaimedTables(
      Catalog catalog,
      PipelineSettings settings,
      ControlTable control,
      Troubles troubles,
      String writer) {
    this.catalog = catalog;
    this.settings = settings;
    this.control = control;
    this.troubles = troubles;
    this.claim = new Claim(settings.name(), control.epoch(), writer, settings, troubles);
    control.state().tables().forEach(this::takeRegistered);
  }

  private void takeRegistered(String name, ControlTable.Registered registered) {
    TableIdentifier identifier = TableIdentifier.parse(name);
    Table table;
    try {
      table = catalog.loadTable(identifier);
    } catch (NoSuchTableException e) {
      throw Missing.gone(name, settings, e);
    }
    if (!table.uuid().toString().equals(registered.uuid())) {
      throw Missing.other(name, settings);
    }
    claimed.put(identifier, new Claimed(table, claim.take(name, table)));
  }

  /** One that was taken over as the writer started. */
  @Nullable Claimed get(TableIdentifier name) {
    return claimed.get(name);
  }

  Map<TableIdentifier, Table> all() {
    return claimed.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().table()));
  }

  /** Takes over one that was not registered. */
  Claimed take(TableIdentifier name, Table table) {
    startAbove(name, table);
    return new Claimed(table, claim.take(name.toString(), table));
  }

  /**
   * @param otherwise what a table without a mark is taken to hold
   */
  Claimed take(TableIdentifier name, Table table, Mark otherwise) {
    startAbove(name, table);
    return new Claimed(table, claim.take(name.toString(), table, otherwise));
  }

  /**
   * Who dropped the control table to start over finds tables with marks of the time before: epochs
   * go on above these.
   */
  private void startAbove(TableIdentifier name, Table table) {
    long before =
        Marks.of(name.toString(), table)
            .filter(mark -> mark.pipeline().equals(settings.name()))
            .filter(mark -> control.state().offset().isEmpty())
            .map(Mark::epoch)
            .orElse(0L);
    if (before >= control.epoch()) {
      control.startAbove(before);
      claim = new Claim(settings.name(), control.epoch(), writer(), settings, troubles);
    }
  }

  /**
   * The positions of tables that are left out may count in another log than the one that is
   * followed from now on, where they would be taken for what a crash has left to be repaired.
   */
  void forgetPositions(Predicate<TableIdentifier> isLeftOut) {
    claimed.replaceAll((name, table) ->
        isLeftOut.test(name) && !table.mark().position().isEmpty()
            ? new Claimed(
                table.table(), claim.forgetPosition(name.toString(), table.table(), table.mark()))
            : table);
  }

  /** Who commits, for people. */
  String writer() {
    return claim.writer();
  }

  /** What the lake has beyond the last batch that is complete. */
  Recovery recovery(Optional<Position> complete, Function<String, Position> positions) {
    if (control.state().offset().isEmpty()) {
      return Recovery.NONE;
    }
    Map<TableIdentifier, Position> ahead = new HashMap<>();
    claimed.forEach((name, table) -> {
      if (!table.mark().position().isEmpty()) {
        Position position = positions.apply(table.mark().position());
        if (complete.isEmpty() || !complete.orElseThrow().contains(position)) {
          ahead.put(name, position);
        }
      }
    });
    return Recovery.of(complete, ahead);
  }

  /**
   * The number of the last batch that is made. What an interrupted batch was called it is called
   * again, so that its number stays one, also where a part of its repair is complete; but not that
   * of a table read anew, which ends where the tables are complete, and only while nothing is to be
   * repaired.
   */
  long lastBatch(boolean repairs) {
    ControlTable.State state = control.state();
    return claimed.values().stream()
        .map(Claimed::mark)
        .mapToLong(mark ->
            mark.position().equals(state.position()) && !repairs ? mark.batch() : mark.batch() - 1)
        .reduce(state.batch(), Math::max);
  }
}
