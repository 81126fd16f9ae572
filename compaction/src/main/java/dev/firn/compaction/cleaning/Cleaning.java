package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.CompactionException;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.cleaning.CleaningResult.Outcome;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.util.PropertyUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes files that nothing in a table's metadata reaches, and no other file.
 *
 * <p>It may be killed anywhere, and several may clean one table at a time: a file that is deleted
 * twice was not needed twice. It is for one thread.
 */
public final class Cleaning {
  private static final Logger LOG = LoggerFactory.getLogger(Cleaning.class);

  /** The newest format whose metadata is known to be read completely here. */
  private static final int KNOWN_FORMAT = 3;

  /** After so many notes their files are deleted, and then they. */
  private static final int NOTES_AT_ONCE = 100;

  private final CleaningSettings settings;
  private final Outcome outcome;
  private final Progress progress;
  private final Pacer pacer;

  private Cleaning(CleaningSettings settings, Outcome outcome, Progress progress, Pacer pacer) {
    this.settings = requireNonNull(settings, "settings is null");
    this.outcome = outcome;
    this.progress = requireNonNull(progress, "progress is null");
    this.pacer = requireNonNull(pacer, "pacer is null");
  }

  public static Cleaning with(CleaningSettings settings) {
    return new Cleaning(settings, Outcome.REMOVED, Progress.NONE, Pacer.NONE);
  }

  /** The same, but it only tells what it would remove, and writes nothing either. */
  public Cleaning dryRun() {
    return new Cleaning(settings, Outcome.WOULD_REMOVE, progress, pacer);
  }

  /** The same, but somebody hears how far it is. */
  public Cleaning telling(Progress listener) {
    return new Cleaning(settings, outcome, listener, pacer);
  }

  /** The same, but somebody may hold it back, and end it: what is removed then is removed. */
  public Cleaning paced(Pacer other) {
    return new Cleaning(settings, outcome, progress, other);
  }

  /**
   * Notes in the table's folder which files these snapshots may be the last to reach. To be called
   * before they are expired: were it after, a kill in between would leave the files to {@link
   * #findOrphans}.
   *
   * @param table as loaded, with these snapshots
   * @throws RuntimeException the note could not be written: the snapshots should stay
   */
  public void beforeExpiry(Table table, Set<Long> snapshotIds, Instant now) {
    if (outcome == Outcome.WOULD_REMOVE || refusal(table).isPresent()) {
      return;
    }
    ExpiredFiles files = new ExpiredFiles(table, snapshotIds);
    if (files.isEmpty()) {
      return;
    }
    try (Note.Writer note = new Note.Writer(table, table.io(), now)) {
      files.forEach(note::add);
    }
  }

  /**
   * Removes the files that were noted longer than the grace ago and that still nothing reaches.
   *
   * @throws CompactionException the table's metadata could not be read: nothing is removed from
   *     then on, and the notes are still there
   */
  public CleaningResult sweep(Table table, Instant now) {
    table.refresh();
    Optional<String> refusal = refusal(table);
    if (refusal.isPresent()) {
      return nothing(table, List.of(refusal.orElseThrow()));
    }
    List<Note> due;
    try {
      due =
          Note.all(table).stream()
              .filter(note -> !note.written().plus(settings.grace()).isAfter(now))
              .toList();
    } catch (UnsupportedOperationException e) {
      return nothing(table, List.of(Listing.IMPOSSIBLE));
    }
    return due.isEmpty() ? nothing(table, List.of()) : new Sweep(table, due).run();
  }

  /**
   * Removes the files in the table's folders that nothing reaches and that are older than the
   * orphan age.
   *
   * @param others all other tables that may have their files in this table's folders, or around
   *     them; the table itself may be among them
   * @throws CompactionException the table's metadata could not be read: nothing is removed from
   *     then on
   */
  public CleaningResult findOrphans(Table table, Collection<TableFolders> others, Instant now) {
    table.refresh();
    Optional<String> refusal = refusal(table);
    if (refusal.isPresent()) {
      return nothing(table, List.of(refusal.orElseThrow()));
    }
    Telling telling = new Telling(progress, pacer, System::nanoTime);
    Territory territory = Territory.of(TableFolders.of(table), others);
    Reach reach = Reach.of(table, telling);
    reach.follow();
    Removal removal = new Removal(table, territory, reach, outcome, telling);
    Orphans orphans = new Orphans(reach, removal, now.minus(settings.orphanAge()).toEpochMilli());
    List<String> notes = new ArrayList<>(Listing.forEach(table, territory, orphans::look));
    removal.flush();
    notes.addAll(orphans.notes());
    return told(removal.result(notes));
  }

  /** Metadata that says so may share its files with another table; an unknown format, anything. */
  private static Optional<String> refusal(Table table) {
    boolean mayDelete =
        PropertyUtil.propertyAsBoolean(
            table.properties(), TableProperties.GC_ENABLED, TableProperties.GC_ENABLED_DEFAULT);
    if (!mayDelete) {
      return Optional.of("left alone: %s=false".formatted(TableProperties.GC_ENABLED));
    }
    int format = TableUtil.formatVersion(table);
    return format > KNOWN_FORMAT
        ? Optional.of("left alone: its format version %d is not known here".formatted(format))
        : Optional.empty();
  }

  private CleaningResult nothing(Table table, List<String> notes) {
    return new CleaningResult(table.name(), outcome, 0, Map.of(), 0, List.of(), notes);
  }

  private CleaningResult told(CleaningResult result) {
    if (outcome == Outcome.REMOVED && result.total().files() > 0) {
      LOG.info(
          "{}: removed {} files that nothing reaches ({} bytes)",
          result.table(),
          result.total().files(),
          result.total().bytes());
    }
    return result;
  }

  /** Goes through notes: first their files are deleted, then they. */
  private final class Sweep {
    private final Table table;
    private final List<Note> due;
    private final Removal removal;
    private final List<String> territoryNotes;
    private final List<String> illegible = new ArrayList<>();
    private final List<Note> read = new ArrayList<>();
    private long failedBefore;

    Sweep(Table table, List<Note> due) {
      Telling telling = new Telling(progress, pacer, System::nanoTime);
      Territory territory = Territory.of(TableFolders.of(table), List.of());
      this.table = table;
      this.due = due;
      this.territoryNotes = territory.notes();
      this.removal = new Removal(table, territory, Reach.of(table, telling), outcome, telling);
    }

    CleaningResult run() {
      for (Note note : due) {
        read(note);
        if (read.size() == NOTES_AT_ONCE) {
          settle();
        }
      }
      settle();
      List<String> notes = new ArrayList<>(territoryNotes);
      notes.addAll(illegible);
      return told(removal.result(notes));
    }

    private void read(Note note) {
      try {
        if (note.read(table, removal::add)) {
          read.add(note);
        }
      } catch (NotFoundException e) {
        LOG.debug("another cleaning has done {} already", note.location());
      } catch (Note.IllegibleException e) {
        illegible.add("left the note %s: %s".formatted(note.location(), e.getMessage()));
      }
    }

    private void settle() {
      removal.flush();
      if (outcome == Outcome.REMOVED && removal.failed() == failedBefore) {
        read.forEach(this::delete);
      }
      failedBefore = removal.failed();
      read.clear();
    }

    private void delete(Note note) {
      try {
        table.io().deleteFile(note.location());
      } catch (NotFoundException e) {
        LOG.debug("another cleaning has deleted {} already", note.location());
      } catch (RuntimeException e) {
        // Its files are gone: the next sweep deletes nothing but the note.
        LOG.warn("{}", e.toString());
      }
    }
  }

  /** Tells orphans from files that may be needed yet. */
  private static final class Orphans {
    private final Reach reach;
    private final Removal removal;
    private final long newest;
    private long ageless;

    /**
     * @param newest when the newest file that is old enough was written, in milliseconds
     */
    Orphans(Reach reach, Removal removal, long newest) {
      this.reach = reach;
      this.removal = removal;
      this.newest = newest;
    }

    /** What is reached already needs no second look; the others get it before they are deleted. */
    void look(FileInfo file) {
      boolean reached = reach.standing(file.location()) == Reach.Standing.REACHED;
      if (reached || file.createdAtMillis() > newest) {
        removal.lookAt();
      } else if (file.createdAtMillis() <= 0) {
        removal.lookAt();
        ageless++;
      } else {
        removal.add(found(file));
      }
    }

    private static FoundFile found(FileInfo file) {
      String name = file.location().substring(file.location().lastIndexOf('/') + 1);
      return new FoundFile(FileKind.ofName(name), file.size(), file.location());
    }

    List<String> notes() {
      return ageless == 0
          ? List.of()
          : List.of("left %d files whose age the storage does not tell".formatted(ageless));
    }
  }
}
