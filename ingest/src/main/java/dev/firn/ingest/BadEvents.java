package dev.firn.ingest;

/** What becomes of events that their table in the lake cannot take as they are. */
public enum BadEvents {
  /** The pipeline stops and says what is wrong; nothing is lost. */
  STOP,
  /** They are kept in the quarantine, and the pipeline goes on. */
  QUARANTINE;

  static final String KEY = "bad-events";

  static BadEvents parse(Keys keys) {
    return keys.choice(KEY, BadEvents.class).orElse(STOP);
  }
}
