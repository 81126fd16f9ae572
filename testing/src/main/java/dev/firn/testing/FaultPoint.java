package dev.firn.testing;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
  TABLE_LOAD("table.load", Does.READ),

  /** Any swap of the metadata of a table that exists; those below say which. */
  TABLE_COMMIT("table.commit", Does.COMMIT),
  CLAIM_COMMIT("claim.commit", TABLE_COMMIT),
  COLUMNS_COMMIT("columns.commit", TABLE_COMMIT),
  CHANGELOG_COMMIT("changelog.commit", TABLE_COMMIT),
  STATE_COMMIT("state.commit", TABLE_COMMIT),
  SNAPSHOT_BEGIN("snapshot.begin", TABLE_COMMIT),
  SNAPSHOT_APPEND("snapshot.append", TABLE_COMMIT),
  SNAPSHOT_PUBLISH("snapshot.publish", TABLE_COMMIT),
  SNAPSHOT_DROP("snapshot.drop", TABLE_COMMIT),
  READING_COMMIT("reading.commit", TABLE_COMMIT),
  REWRITE_COMMIT("rewrite.commit", TABLE_COMMIT),
  RETENTION_COMMIT("retention.commit", TABLE_COMMIT),

  CONTROL_CREATE("control.create", Does.COMMIT),
  CONTROL_LOAD("control.load", Does.READ),

  /** Any swap of the control table's metadata; the one below takes the pipeline over. */
  CONTROL_COMMIT("control.commit", Does.COMMIT),
  CONTROL_CLAIM("control.claim", CONTROL_COMMIT),
  CONTROL_SETTLE("control.settle", CONTROL_COMMIT),
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
  private final @Nullable FaultPoint general;

  FaultPoint(String label, Does does) {
    this.label = label;
    this.does = does;
    this.general = null;
  }

  FaultPoint(String label, FaultPoint general) {
    this.label = label;
    this.does = general.does;
    this.general = general;
  }

  /** The steps that are not told apart any further. */
  public static List<FaultPoint> precise() {
    return Arrays.stream(values())
        .filter(point -> Arrays.stream(values()).noneMatch(other -> other.general == point))
        .toList();
  }

  /** Whether a step is this one or one of its kinds. */
  public boolean covers(FaultPoint step) {
    return step == this || step.general == this;
  }

  /** The step that this one is a kind of. */
  Optional<FaultPoint> general() {
    return Optional.ofNullable(general);
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
