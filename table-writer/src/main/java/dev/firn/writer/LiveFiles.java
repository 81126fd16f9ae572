package dev.firn.writer;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The data files of a table by number, committed and not yet committed; numbers are never reused.
 */
final class LiveFiles {
  private final ConcurrentMap<Integer, LiveFile> files = new ConcurrentHashMap<>();
  private final AtomicInteger nextId;

  LiveFiles() {
    this.nextId = new AtomicInteger();
  }

  /** Others, whose numbers are none of {@code before} either. */
  LiveFiles(LiveFiles before) {
    this.nextId = before.nextId;
  }

  LiveFile add() {
    LiveFile file = new LiveFile(nextId.getAndIncrement());
    files.put(file.id(), file);
    return file;
  }

  @Nullable LiveFile find(int id) {
    return files.get(id);
  }

  LiveFile get(int id) {
    LiveFile file = files.get(id);
    if (file == null) {
      throw new IllegalStateException("no data file of number " + id);
    }
    return file;
  }

  void remove(int id) {
    files.remove(id);
  }

  int size() {
    return files.size();
  }

  /** All of them. */
  List<LiveFile> all() {
    return List.copyOf(files.values());
  }

  /** The files that are part of the table. */
  List<LiveFile> committed() {
    return files.values().stream().filter(LiveFile::isCommitted).toList();
  }

  void removeAll(Collection<LiveFile> gone) {
    gone.forEach(file -> files.remove(file.id()));
  }

  /** Forgets the committed files; numbers go on. */
  void clear() {
    files.clear();
  }
}
