package dev.firn.compaction.retention;

import dev.firn.writer.LakeTables;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableProperties;
import org.jspecify.annotations.Nullable;

/**
 * What is to become of a table's snapshots and of Firn's own tags.
 *
 * @param expired snapshots that go
 * @param tags to be set, each with its snapshot
 * @param surplus tags of Firn's that go
 * @param baseline the snapshot that becomes the table's baseline; empty: it stays
 */
record RetentionPlan(
    Set<Long> expired, Map<String, Long> tags, Set<String> surplus, Optional<Long> baseline) {
  /** The table stays as it is. */
  static final RetentionPlan NOTHING =
      new RetentionPlan(Set.of(), Map.of(), Set.of(), Optional.empty());

  /** What waits for its audit belongs to no branch, for as long as Iceberg's expiry leaves it. */
  private static final Duration STAGED = Duration.ofDays(5);

  private static final String STAGED_KEY = "wap.id";

  RetentionPlan {
    expired = Set.copyOf(expired);
    tags = Map.copyOf(tags);
    surplus = Set.copyOf(surplus);
  }

  static RetentionPlan of(
      TableMetadata table, RetentionSettings settings, Instant now, BaselineMove move) {
    return new Planning(table, settings, now, History.of(table)).plan(move);
  }

  boolean isNothing() {
    return expired.isEmpty() && tags.isEmpty() && surplus.isEmpty() && baseline.isEmpty();
  }

  /** The metadata after it, of the metadata that it was made for. */
  TableMetadata applyTo(TableMetadata base, Instant now) {
    TableMetadata.Builder builder = TableMetadata.buildFrom(base);
    tags.forEach((name, snapshot) -> builder.setRef(name, lasting(snapshot)));
    baseline.ifPresent(snapshot -> {
      builder.setRef(
          LakeTables.BASELINE,
          SnapshotRef.builderFrom(base.ref(LakeTables.BASELINE), snapshot).build());
      builder.setProperties(
          Map.of(RetentionKeys.BASELINE_MOVED_AT, Long.toString(now.toEpochMilli())));
    });
    surplus.forEach(builder::removeRef);
    if (!expired.isEmpty()) {
      builder.removeSnapshots(expired);
    }
    return builder.build();
  }

  /** A tag that no expiry by age takes away. */
  static SnapshotRef lasting(long snapshot) {
    return SnapshotRef.tagBuilder(snapshot).maxRefAgeMs(Long.MAX_VALUE).build();
  }

  private record Planning(
      TableMetadata table, RetentionSettings settings, Instant now, History history) {

    RetentionPlan plan(BaselineMove move) {
      Map<String, Long> wanted = isChangelog() ? new TreeMap<>() : thinned();
      Optional<Long> baseline = baseline(Set.copyOf(wanted.values()), move);
      wanted.putAll(lostHolds());
      Set<String> surplus =
          table.refs().keySet().stream()
              .filter(name -> Tier.isTag(name) && !wanted.containsKey(name))
              .collect(Collectors.toSet());
      Set<Long> kept = kept(wanted, surplus, baseline);
      Set<Long> expired =
          table.snapshots().stream()
              .map(Snapshot::snapshotId)
              .filter(id -> !kept.contains(id))
              .collect(Collectors.toSet());
      wanted.entrySet().removeIf(this::isThere);
      return new RetentionPlan(expired, wanted, surplus, baseline);
    }

    private boolean isChangelog() {
      return table.properties().containsKey(LakeTables.CHANGELOG_OF);
    }

    private boolean isThere(Map.Entry<String, Long> tag) {
      SnapshotRef ref = table.ref(tag.getKey());
      return ref != null && ref.snapshotId() == tag.getValue();
    }

    /** The tags of all tiers. */
    private Map<String, Long> thinned() {
      List<Snapshot> candidates = history.atEndsOfBatches();
      Map<String, Long> tags = new TreeMap<>();
      for (Tier tier : Tier.values()) {
        lastOfEach(tier, candidates)
            .forEach(snapshot -> tags.put(tier.tag(time(snapshot)), snapshot.snapshotId()));
      }
      return tags;
    }

    /**
     * The last snapshot of each period that counts and is over, and the last before the first of
     * them: until there is another one, it is what the table holds.
     */
    private List<Snapshot> lastOfEach(Tier tier, List<Snapshot> candidates) {
      long open = tier.period(now);
      long first = open - settings.count(tier);
      Map<Long, Snapshot> last = new HashMap<>();
      for (Snapshot snapshot : candidates) {
        long period = Math.max(tier.period(time(snapshot)), first - 1);
        if (period < open) {
          last.putIfAbsent(period, snapshot);
        }
      }
      return settings.count(tier) == 0 ? List.of() : List.copyOf(last.values());
    }

    private Optional<Long> baseline(Set<Long> tagged, BaselineMove move) {
      SnapshotRef ref = table.ref(LakeTables.BASELINE);
      if (ref == null) {
        return Optional.empty();
      }
      Snapshot present = table.snapshot(ref.snapshotId());
      long upTo = Math.min(move.upToBatch(), lastNotHeld());
      return history.all().stream()
          .filter(snapshot -> tagged.contains(snapshot.snapshotId()))
          .filter(snapshot -> time(snapshot).isBefore(move.before()))
          .filter(snapshot -> isLaterBaseline(snapshot, present, upTo))
          .map(Snapshot::snapshotId)
          .findFirst();
    }

    private static boolean isLaterBaseline(Snapshot snapshot, Snapshot present, long upTo) {
      OptionalLong batch = History.batch(snapshot);
      return batch.isPresent()
          && batch.orElseThrow() <= upTo
          && batch.orElseThrow() > History.batch(present).orElse(Long.MAX_VALUE)
          && History.ORDER.compare(snapshot, present) > 0;
    }

    /** What is held stays provable: from the baseline on, by the changes since. */
    private long lastNotHeld() {
      return Holds.list(table.refs(), table.properties()).stream()
          .map(hold -> table.snapshot(hold.snapshotId()))
          .mapToLong(held -> held == null ? -1 : History.batch(held).orElse(-1))
          .min()
          .orElse(Long.MAX_VALUE);
    }

    /** What was held stays so, also when somebody else has removed the tag. */
    private Map<String, Long> lostHolds() {
      Map<String, Long> lost = new HashMap<>();
      Holds.noted(table.properties()).stream()
          .filter(hold -> table.ref(hold.name()) == null)
          .filter(hold -> table.snapshot(hold.snapshotId()) != null)
          .forEach(hold -> lost.put(hold.name(), hold.snapshotId()));
      return lost;
    }

    private Set<Long> kept(Map<String, Long> wanted, Set<String> surplus, Optional<Long> baseline) {
      Set<Long> kept = new HashSet<>(wanted.values());
      history.chain().subList(0, recentLength()).forEach(s -> kept.add(s.snapshotId()));
      table
          .refs()
          .forEach((name, ref) -> {
            boolean moved = name.equals(LakeTables.BASELINE) && baseline.isPresent();
            if (ref.isBranch() && !name.equals(SnapshotRef.MAIN_BRANCH)) {
              keepAncestors(ref.snapshotId(), kept);
            } else if (!moved && !surplus.contains(name)) {
              kept.add(ref.snapshotId());
            }
          });
      baseline.ifPresent(kept::add);
      table.snapshots().stream()
          .filter(snapshot -> !time(snapshot).isBefore(now.minus(maxAge(snapshot))))
          .forEach(snapshot -> kept.add(snapshot.snapshotId()));
      return kept;
    }

    private Duration maxAge(Snapshot snapshot) {
      boolean staged = snapshot.summary().containsKey(STAGED_KEY);
      return staged && settings.recent().compareTo(STAGED) < 0 ? STAGED : settings.recent();
    }

    private void keepAncestors(long head, Set<Long> kept) {
      @Nullable Snapshot at = table.snapshot(head);
      while (at != null) {
        kept.add(at.snapshotId());
        at = at.parentId() == null ? null : table.snapshot(at.parentId());
      }
    }

    /**
     * How many snapshots of the chain stay for being recent. There is no gap among them, and none
     * above the newest mark, from which a writer goes on.
     */
    private int recentLength() {
      List<Snapshot> chain = history.chain();
      int length = Math.max(leastSnapshots(), history.toNewestMark());
      Instant oldest = now.minus(settings.recent());
      for (int i = chain.size(); i > length; i--) {
        if (!time(chain.get(i - 1)).isBefore(oldest)) {
          length = i;
        }
      }
      return Math.min(length, chain.size());
    }

    /** What the table itself asks for counts, where it is more. */
    private int leastSnapshots() {
      SnapshotRef main = table.ref(SnapshotRef.MAIN_BRANCH);
      Integer ofMain = main == null ? null : main.minSnapshotsToKeep();
      int ofTable =
          table.propertyAsInt(
              TableProperties.MIN_SNAPSHOTS_TO_KEEP, TableProperties.MIN_SNAPSHOTS_TO_KEEP_DEFAULT);
      return Math.max(settings.recentSnapshots(), ofMain == null ? ofTable : ofMain);
    }

    private static Instant time(Snapshot snapshot) {
      return Instant.ofEpochMilli(snapshot.timestampMillis());
    }
  }
}
