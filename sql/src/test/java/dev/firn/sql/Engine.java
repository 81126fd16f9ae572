package dev.firn.sql;

/** Something that answers SQL about a lake whose catalog is called {@code lake}. */
@FunctionalInterface
interface Engine {
  /**
   * Asks one statement, and waits for the answer.
   *
   * @throws Refused the engine answers with an error
   */
  Answer ask(String statement);

  /** An engine answered a statement with an error. */
  final class Refused extends RuntimeException {
    Refused(String statement, String reason) {
      super(statement + ": " + reason);
    }
  }
}
