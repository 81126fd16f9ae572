package dev.firn.compaction.cleaning;

import dev.firn.compaction.cleaning.CleaningResult.Amount;
import dev.firn.compaction.cleaning.CleaningResult.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.SupportsBulkOperations;
import org.jspecify.annotations.Nullable;

/**
 * Deletes files of a table, a thousand at a time, each of them only if the table's newest metadata
 * right before does not reach it and it lies in the table's territory.
 */
final class Removal {
  private static final int BATCH = 1000;

  private final Table table;
  private final Territory territory;
  private final Reach reach;
  private final Outcome outcome;
  private final Telling telling;
  private final List<FoundFile> batch = new ArrayList<>();
  private final LocationSet gone = new LocationSet();
  private final Map<FileKind, Amount> removed = new EnumMap<>(FileKind.class);
  private final List<String> paths = new ArrayList<>();
  private long looked;
  private long outside;
  private long namesakes;
  private long failed;
  private @Nullable String failure;

  Removal(Table table, Territory territory, Reach reach, Outcome outcome, Telling telling) {
    this.table = table;
    this.territory = territory;
    this.reach = reach;
    this.outcome = outcome;
    this.telling = telling;
  }

  /** Counts a file that is not to be removed. */
  void lookAt() {
    looked++;
    telling.pace();
    telling.at(() ->
        "%s: %,d files looked at, %,d to remove so far".formatted(table.name(), looked, count()));
  }

  private long count() {
    return gone.size();
  }

  /** Removes it now or at the next {@link #flush}. */
  void add(FoundFile file) {
    lookAt();
    batch.add(file);
    if (batch.size() >= BATCH) {
      flush();
    }
  }

  /** Removes what waits for it. */
  void flush() {
    if (batch.isEmpty()) {
      return;
    }
    reach.follow();
    List<FoundFile> files = batch.stream().filter(this::mayGo).toList();
    batch.clear();
    switch (outcome) {
      case REMOVED -> delete(files);
      case WOULD_REMOVE -> files.forEach(this::removed);
    }
  }

  private boolean mayGo(FoundFile file) {
    return switch (reach.standing(file.location())) {
      case REACHED -> false;
      case NAMESAKE -> {
        namesakes++;
        yield false;
      }
      case UNREACHED -> isInside(file) && gone.add(file.location());
    };
  }

  private boolean isInside(FoundFile file) {
    boolean inside = territory.owns(file.location());
    outside += inside ? 0 : 1;
    return inside;
  }

  private void delete(List<FoundFile> files) {
    FileIO io = table.io();
    if (!(io instanceof SupportsBulkOperations bulk) || !all(bulk, files)) {
      files.forEach(file -> deleteOne(io, file));
    }
  }

  /** Which of them failed is not said: then each is deleted by itself. */
  private boolean all(SupportsBulkOperations io, List<FoundFile> files) {
    try {
      io.deleteFiles(files.stream().map(FoundFile::location).toList());
    } catch (RuntimeException e) {
      return false;
    }
    files.forEach(this::removed);
    return true;
  }

  private void deleteOne(FileIO io, FoundFile file) {
    try {
      io.deleteFile(file.location());
    } catch (NotFoundException e) {
      removed(file);
      return;
    } catch (RuntimeException e) {
      failed++;
      failure = failure == null ? String.valueOf(e.getMessage()) : failure;
      return;
    }
    removed(file);
  }

  private void removed(FoundFile file) {
    Amount amount = new Amount(1, file.bytes());
    Amount unused = removed.merge(file.kind(), amount, Amount::plus);
    if (paths.size() < CleaningResult.MAX_PATHS) {
      paths.add(file.location());
    }
  }

  long failed() {
    return failed;
  }

  /** What was done so far. */
  CleaningResult result(List<String> notes) {
    List<String> all = new ArrayList<>(notes);
    if (failed > 0) {
      all.add(
          "%d files could not be removed, the next cleaning tries again: %s"
              .formatted(failed, failure));
    }
    if (outside > 0) {
      all.add("left %d files that lie outside the table's folders".formatted(outside));
    }
    if (namesakes > 0) {
      all.add(
          "left %d files whose names are those of files in use at other places"
              .formatted(namesakes));
    }
    return new CleaningResult(table.name(), outcome, looked, removed, failed, paths, all);
  }
}
