package dev.firn.ingest;

import dev.firn.writer.Position;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which record acknowledges what, until that is committed.
 *
 * @param <T> the records
 */
final class Acknowledgements<T> {
  private record Mark<T>(Position needed, T event) {}

  private final Deque<Mark<T>> marks = new ArrayDeque<>();
  private @Nullable Position last;

  /**
   * @param committed what the lake holds already
   */
  Acknowledgements(Optional<? extends Position> committed) {
    this.last = committed.orElse(null);
  }

  /** {@code event} ends the transaction at {@code end}. */
  void ended(Position end, T event) {
    last = end;
    marks.add(new Mark<>(end, event));
  }

  /**
   * {@code event} came between transactions.
   *
   * @param at the end of the last one, which may have had nothing for the lake; null: there was
   *     none
   */
  void between(@Nullable Position at, T event) {
    if (last == null) {
      return;
    }
    last = at == null ? last : at;
    Mark<T> newest = marks.peekLast();
    if (newest != null && newest.needed().equals(last)) {
      marks.removeLast();
    }
    marks.add(new Mark<>(last, event));
  }

  /** Whether all that ended so far is committed. */
  boolean isEmpty() {
    return marks.isEmpty();
  }

  /** The newest record all before which is committed; each is given once. */
  Optional<T> takeCommitted(Optional<? extends Position> committed) {
    T newest = null;
    while (!marks.isEmpty()
        && committed.isPresent()
        && committed.orElseThrow().contains(marks.getFirst().needed())) {
      newest = marks.removeFirst().event();
    }
    return Optional.ofNullable(newest);
  }
}
