package dev.firn.writer;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * The tables of a pipeline that have to be read beside the stream, as notes of its control table.
 */
final class TablesToRead {
  private static final String NOTE = "reading:";
  private static final String HELD_BACK = "held back: ";

  private final ControlTable control;

  /** Those to which no change is applied until they are read. */
  private final Set<TableIdentifier> heldBack = ConcurrentHashMap.newKeySet();

  /** Requests that are noted with the batch that has led to them. */
  private final Map<TableIdentifier, String> unnoted = new ConcurrentHashMap<>();

  /** Of the same, those that nobody has been told of yet. */
  private final Set<TableIdentifier> incomplete = ConcurrentHashMap.newKeySet();

  TablesToRead(ControlTable control) {
    this.control = control;
    Map<String, String> notes = control.state().notes();
    names(notes)
        .filter(name -> notes.getOrDefault(NOTE + name, "").startsWith(HELD_BACK))
        .map(TableIdentifier::parse)
        .forEach(heldBack::add);
  }

  /** Names of the tables that are to be read, among other notes. */
  static Stream<String> names(Map<String, String> notes) {
    return notes.keySet().stream()
        .filter(TablesToRead::isOne)
        .map(note -> note.substring(NOTE.length()));
  }

  /** Whether a note asks for a table to be read. */
  static boolean isOne(String note) {
    return note.startsWith(NOTE);
  }

  void add(TableIdentifier table, String why, boolean holdBack) {
    control.commit(control.state().withNote(NOTE + table, (holdBack ? HELD_BACK : "") + why));
    if (holdBack) {
      heldBack.add(table);
    }
  }

  /**
   * Holds a table back from now on, because of a batch that is not noted as complete yet: the
   * request is noted with it. A crash before that brings the batch again, and with it the request.
   */
  void addWithBatch(TableIdentifier table, String why) {
    unnoted.put(table, why);
    heldBack.add(table);
    incomplete.add(table);
  }

  /** All notes, with the requests that come with the batches so far. */
  Map<String, String> notes() {
    ControlTable.State state = control.state();
    for (Map.Entry<TableIdentifier, String> request : unnoted.entrySet()) {
      state = state.withNote(NOTE + request.getKey(), HELD_BACK + request.getValue());
    }
    return state.notes();
  }

  /** The notes have been written. */
  void noted() {
    unnoted.clear();
  }

  boolean hasIncomplete() {
    return !incomplete.isEmpty();
  }

  /** Takes the tables that {@link #addWithBatch} has told of since the last call. */
  Set<TableIdentifier> takeIncomplete() {
    Set<TableIdentifier> taken = Set.copyOf(incomplete);
    incomplete.removeAll(taken);
    return taken;
  }

  Optional<String> why(TableIdentifier table) {
    return Optional.ofNullable(control.state().notes().get(NOTE + table))
        .map(why -> why.startsWith(HELD_BACK) ? why.substring(HELD_BACK.length()) : why);
  }

  boolean isHeldBack(TableIdentifier table) {
    return heldBack.contains(table);
  }

  void remove(TableIdentifier table) {
    control.commit(control.state().withoutNote(NOTE + table));
    apply(table);
  }

  /** Applies the changes of a table from now on. */
  void apply(TableIdentifier table) {
    heldBack.remove(table);
  }

  /** All notes but the request for a table. */
  Map<String, String> notesWithout(TableIdentifier table) {
    return control.state().withoutNote(NOTE + table).notes();
  }
}
