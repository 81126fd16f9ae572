package dev.firn.testing;

import java.util.Optional;

/** A type of a database, and values that show what the lake makes of it. */
public interface SourceType {
  /** As SQL writes it. */
  String type();

  /** How many values there are. */
  int size();

  /** A value as SQL writes it; beyond the last one NULL. */
  String literal(int row);

  /** What the lake shows for a value, as {@link LakeRows} does; empty: null. */
  Optional<String> shown(int row);

  /** Whether the source makes its values itself. */
  default boolean isGenerated() {
    return false;
  }

  /** Whether there must be a value. */
  default boolean isRequired() {
    return false;
  }
}
