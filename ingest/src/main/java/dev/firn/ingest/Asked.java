package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * The answer of something that may not be there.
 *
 * @param problem why there is no answer, in one line
 */
record Asked<T>(Optional<T> answer, String problem) {
  Asked {
    requireNonNull(answer, "answer is null");
    requireNonNull(problem, "problem is null");
  }

  static <T> Asked<T> of(T answer) {
    return new Asked<>(Optional.of(answer), "");
  }

  static <T> Asked<T> nothing(String problem) {
    return new Asked<>(Optional.empty(), problem);
  }
}
