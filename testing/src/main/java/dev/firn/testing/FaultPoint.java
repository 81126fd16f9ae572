package dev.firn.testing;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** A named step at which {@link Faults} can strike. */
public enum FaultPoint {
  DATA_FILE_CREATE("data-file.create", Does.WRITE),
  DATA_FILE_CLOSE("data-file.close", Does.WRITE),
  VECTOR_CREATE("vector.create", Does.WRITE),
  VECTOR_CLOSE("vector.close", Does.WRITE),
  MANIFEST_CREATE("manifest.create", Does.WRITE),
  MANIFEST_CLOSE("manifest.close", Does.WRITE),
  MANIFEST_LIST_CREATE("manifest-list.create", Does.WRITE),
  MANIFEST_LIST_CLOSE("manifest-list.close", Does.WRITE),
  METADATA_CREATE("metadata.create", Does.WRITE),
  METADATA_CLOSE("metadata.close", Does.WRITE),
  TABLE_CREATE("table.create", Does.COMMIT),
  TABLE_COMMIT("table.commit", Does.COMMIT),
  TABLE_LOAD("table.load", Does.READ),
  CONTROL_CREATE("control.create", Does.COMMIT),
  CONTROL_COMMIT("control.commit", Does.COMMIT),
  CONTROL_LOAD("control.load", Does.READ),
  READ("read", Does.READ),
  DELETE("delete", Does.WRITE);

  private enum Does {
    READ(EnumSet.of(FaultKind.BEFORE, FaultKind.CRASH_BEFORE)),
    WRITE(
        EnumSet.of(
            FaultKind.BEFORE, FaultKind.AFTER, FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER)),
    COMMIT(EnumSet.allOf(FaultKind.class));

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
    private final Set<FaultKind> kinds;

    Does(EnumSet<FaultKind> kinds) {
      this.kinds = Collections.unmodifiableSet(kinds);
    }
  }

  private final String label;
  private final Does does;

  FaultPoint(String label, Does does) {
    this.label = label;
    this.does = does;
  }

  /** The ways in which it can fail. */
  public Set<FaultKind> kinds() {
    return does.kinds;
  }

  /** Whether it is a swap of a table's metadata. */
  public boolean isCommit() {
    return does == Does.COMMIT;
  }

  @Override
  public String toString() {
    return label;
  }
}
