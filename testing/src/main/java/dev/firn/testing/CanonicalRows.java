package dev.firn.testing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a table, every value as text in one form that does not depend on where it was read:
 * equal texts are equal values. Can be read more than once.
 */
public interface CanonicalRows {
  /** Takes one row; the array holds the columns' texts in order and is not kept. */
  @FunctionalInterface
  interface Visitor {
    void row(@Nullable String[] values);
  }

  List<String> columns();

  void forEach(Visitor visitor);
}
