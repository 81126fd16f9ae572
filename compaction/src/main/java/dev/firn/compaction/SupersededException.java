package dev.firn.compaction;

/** The files that were read are no longer what they were: their rewrite can never be committed. */
final class SupersededException extends RuntimeException {
  private static final long serialVersionUID = 1;

  SupersededException(String why) {
    super(why);
  }

  SupersededException(String why, Throwable cause) {
    super(why, cause);
  }
}
