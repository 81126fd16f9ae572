package dev.firn.compaction.retention;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The holds of a table: each a tag on a snapshot and, in a property, which snapshot it is, why, and
 * since when. Both are set and removed in one commit.
 *
 * <p>No retention, cleaning or removal of old changes of Firn's touches what is held.
 */
public final class Holds {
  private static final String PREFIX = "firn_hold_";
  private static final String PROPERTY = "firn.hold.";
  private static final Pattern NOTE =
      Pattern.compile("snapshot=(-?\\d{1,19}) since=(\\S+) by=(\\S*) reason=(.*)", Pattern.DOTALL);

  private Holds() {}

  /** Whether a ref of this name is a hold. */
  public static boolean isHold(String ref) {
    return ref.startsWith(PREFIX);
  }

  /**
   * Holds a snapshot.
   *
   * @param by who asks for it, for people
   * @throws IllegalArgumentException the table has no such snapshot, or no reason is given
   * @throws dev.firn.compaction.CompactionException it could not be committed; nothing is held
   */
  public static Hold add(Table table, long snapshotId, String reason, String by, Instant now) {
    if (reason.isBlank()) {
      throw new IllegalArgumentException("a hold needs a reason");
    }
    String name = PREFIX + UUID.randomUUID().toString().substring(0, 8);
    Hold hold =
        new Hold(
            name, snapshotId, reason.strip(), Optional.of(now), by.strip().replaceAll("\\s+", "_"));
    MetadataCommit.run(table, base -> new MetadataCommit.Change<>(with(hold, base), hold));
    return hold;
  }

  private static @Nullable TableMetadata with(Hold hold, TableMetadata base) {
    if (base.ref(hold.name()) != null) {
      return null;
    }
    if (base.snapshot(hold.snapshotId()) == null) {
      throw new IllegalArgumentException(
          "the table has no snapshot %d".formatted(hold.snapshotId()));
    }
    return TableMetadata.buildFrom(base)
        .setRef(hold.name(), RetentionPlan.lasting(hold.snapshotId()))
        .setProperties(Map.of(PROPERTY + hold.name(), note(hold)))
        .build();
  }

  private static String note(Hold hold) {
    return "snapshot=%d since=%s by=%s reason=%s"
        .formatted(hold.snapshotId(), hold.since().orElseThrow(), hold.by(), hold.reason());
  }

  /** The holds of a table as it is loaded, oldest first. */
  public static List<Hold> list(Table table) {
    return list(table.refs(), table.properties());
  }

  static List<Hold> list(Map<String, SnapshotRef> refs, Map<String, String> properties) {
    Map<String, Hold> holds = new TreeMap<>();
    noted(properties).forEach(hold -> holds.put(hold.name(), hold));
    refs.forEach((name, ref) -> {
      if (isHold(name)) {
        holds.merge(name, of(name, ref), (noted, tag) -> pinned(noted, ref));
      }
    });
    return holds.values().stream()
        .sorted(
            Comparator.comparing((Hold hold) -> hold.since().orElse(Instant.MIN))
                .thenComparing(Hold::name))
        .toList();
  }

  private static Hold of(String name, SnapshotRef ref) {
    return new Hold(name, ref.snapshotId(), "", Optional.empty(), "");
  }

  private static Hold pinned(Hold noted, SnapshotRef ref) {
    return new Hold(noted.name(), ref.snapshotId(), noted.reason(), noted.since(), noted.by());
  }

  /** Those that a table's properties tell of. */
  static List<Hold> noted(Map<String, String> properties) {
    return properties.entrySet().stream()
        .filter(property -> property.getKey().startsWith(PROPERTY + PREFIX))
        .flatMap(property ->
            read(property.getKey().substring(PROPERTY.length()), property.getValue()).stream())
        .toList();
  }

  private static Optional<Hold> read(String name, String note) {
    Matcher matcher = NOTE.matcher(note);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Hold(
              name,
              Long.parseLong(matcher.group(1)),
              matcher.group(4),
              Optional.of(Instant.parse(matcher.group(2))),
              matcher.group(3)));
    } catch (DateTimeException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Lets a snapshot go again; its files stay until retention and cleaning come to them.
   *
   * @throws IllegalArgumentException the table has no such hold
   * @throws dev.firn.compaction.CompactionException it could not be committed; it is still held
   */
  public static Hold remove(Table table, String name) {
    Hold hold =
        list(table).stream()
            .filter(known -> known.name().equals(name))
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("the table has no hold %s".formatted(name)));
    return MetadataCommit.run(
        table, base -> new MetadataCommit.Change<>(without(name, base), hold));
  }

  private static @Nullable TableMetadata without(String name, TableMetadata base) {
    boolean pinned = base.ref(name) != null;
    boolean noted = base.properties().containsKey(PROPERTY + name);
    TableMetadata.Builder builder = TableMetadata.buildFrom(base);
    if (pinned) {
      builder.removeRef(name);
    }
    if (noted) {
      builder.removeProperties(Set.of(PROPERTY + name));
    }
    return pinned || noted ? builder.build() : null;
  }

  /**
   * The snapshot under a tag or at the head of a branch.
   *
   * @throws IllegalArgumentException there is none
   */
  public static long named(Table table, String ref) {
    SnapshotRef found = table.refs().get(ref);
    if (found == null) {
      throw new IllegalArgumentException("the table has no tag or branch %s".formatted(ref));
    }
    return found.snapshotId();
  }

  /**
   * Of the snapshots of main that are there still, the newest that was made no later than an
   * instant.
   *
   * @throws IllegalArgumentException there is none
   */
  public static Snapshot at(Table table, Instant instant) {
    return History.of(MetadataCommit.operations(table).current()).all().stream()
        .filter(snapshot -> !Instant.ofEpochMilli(snapshot.timestampMillis()).isAfter(instant))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException("the table has no snapshot of %s".formatted(instant)));
  }
}
