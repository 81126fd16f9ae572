package dev.firn.testing;

/** How a step fails. */
public enum FaultKind {
  /** It did not happen, and an error says so. */
  BEFORE("before"),
  /** It happened, and an error came all the same. */
  AFTER("after"),
  /** Another was first: the swap is refused. */
  CONFLICT("conflict"),
  /** It happened, and nobody can say whether it did. */
  LOST_ANSWER("lost answer"),
  /** The process died before it. */
  CRASH_BEFORE("crash before"),
  /** The process died after it. */
  CRASH_AFTER("crash after");

  private final String label;

  FaultKind(String label) {
    this.label = label;
  }

  /** Whether the process dies of it. */
  public boolean isCrash() {
    return this == CRASH_BEFORE || this == CRASH_AFTER;
  }

  @Override
  public String toString() {
    return label;
  }
}
