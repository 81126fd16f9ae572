package dev.firn.compaction.retention;

/** Whether something is done or only said. */
public enum Mode {
  DRY_RUN,
  REAL
}
