package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

/**
 * The result of one check.
 *
 * @param found what there is
 * @param todo what to do about it; empty when nothing
 */
record Check(String name, State state, String found, String todo) {

  enum State {
    OK,
    WARN,
    FAILED
  }

  Check {
    requireNonNull(name, "name is null");
    requireNonNull(state, "state is null");
    requireNonNull(found, "found is null");
    requireNonNull(todo, "todo is null");
  }

  static Check ok(String name, String found) {
    return new Check(name, State.OK, found, "");
  }

  static Check warn(String name, String found, String todo) {
    return new Check(name, State.WARN, found, todo);
  }

  static Check failed(String name, String found, String todo) {
    return new Check(name, State.FAILED, found, todo);
  }
}
