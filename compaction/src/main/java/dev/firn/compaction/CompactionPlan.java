package dev.firn.compaction;

import static java.util.Comparator.naturalOrder;
import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.PartitionMap;

/**
 * Which files of a table are to be replaced.
 *
 * @param groups one commit each; empty: nothing to do
 * @param files how many data files the table has
 * @param notes for people, such as why rows are not sorted as their owner has said
 */
public record CompactionPlan(List<FileGroup> groups, long files, List<String> notes) {
  /** Of the target size: what is smaller is merged. */
  static final double SMALL = 0.75;

  /** Of a file's rows: where more are deleted, the file is written again without them. */
  static final double MUCH_DELETED = 0.2;

  /** A file that so many delete files apply to is written again. */
  private static final int MANY_DELETE_FILES = 10;

  /** One commit replaces no more than so many target sizes, so that little is lost with it. */
  private static final int TARGETS_PER_GROUP = 16;

  /** Where rows are moved, each one's place is remembered: of the memory, so much. */
  static final int MEMORY_FOR_PLACES = 4;

  public CompactionPlan {
    groups = List.copyOf(groups);
    notes = List.copyOf(notes);
  }

  /**
   * Plans on the table as it is loaded.
   *
   * @param now what is merged beside a writer depends on how old it is
   */
  public static CompactionPlan of(Table table, CompactionSettings settings, Instant now) {
    return of(table, settings, now, new Pace());
  }

  /**
   * @param pace of the table's rewrites before
   */
  static CompactionPlan of(Table table, CompactionSettings settings, Instant now, Pace pace) {
    Snapshot snapshot = table.currentSnapshot();
    return snapshot == null
        ? new CompactionPlan(List.of(), 0, List.of())
        : new Planning(table, snapshot, settings, now, new Tiers(pace)).plan();
  }

  /** What all groups have to read. */
  public long bytes() {
    return groups.stream().mapToLong(FileGroup::bytes).sum();
  }

  Set<String> locations() {
    Set<String> locations = new HashSet<>();
    groups.forEach(group -> group.files().forEach(file -> locations.add(file.location())));
    return locations;
  }

  /** Whether all files of a group are still part of the table. */
  static boolean has(Table table, FileGroup group) {
    table.refresh();
    Set<String> gone = new HashSet<>();
    group.files().forEach(file -> gone.add(file.location()));
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot != null) {
      for (ManifestFile manifest : snapshot.dataManifests(table.io())) {
        Manifests.dataFiles(table, manifest, file -> gone.remove(file.location()));
      }
    }
    return gone.isEmpty();
  }

  static long smallBytes(long targetBytes) {
    return (long) (targetBytes * SMALL);
  }

  /** One look at a snapshot; files that are well as they are are not remembered. */
  private static final class Planning {
    private final Table table;
    private final Snapshot snapshot;
    private final CompactionSettings settings;
    private final RowOrder order;
    private final DeleteIndex deletes;
    private final PartitionMap<List<PlannedFile>> partitions;
    private final List<PlannedFile> older = new ArrayList<>();
    private final Ages ages;
    private final Tiers tiers;
    private long files;

    Planning(
        Table table, Snapshot snapshot, CompactionSettings settings, Instant now, Tiers tiers) {
      this.table = table;
      this.snapshot = snapshot;
      this.settings = settings;
      this.order = RowOrder.of(table);
      this.partitions = PartitionMap.create(table.specs());
      this.ages = new Ages(table, now);
      this.tiers = tiers;
      this.deletes = new DeleteIndex(table.specs(), Manifests.deleteFiles(table, snapshot));
    }

    CompactionPlan plan() {
      for (ManifestFile manifest : snapshot.dataManifests(table.io())) {
        Manifests.dataFiles(table, manifest, this::look);
      }
      List<FileGroup> groups = new ArrayList<>();
      partitions.values().stream()
          .sorted(Comparator.comparingLong(Planning::bytes))
          .forEach(candidates -> groups.addAll(groups(chosen(candidates))));
      groups.addAll(groups(older));
      groups.sort(FileGroup.OLDEST_FIRST);
      return new CompactionPlan(groups, files, notes());
    }

    private List<String> notes() {
      return order instanceof RowOrder.AsTheyLie(Optional<String> problem)
          ? problem.stream().toList()
          : List.of();
    }

    private static long bytes(List<PlannedFile> files) {
      return files.stream().mapToLong(PlannedFile::bytes).sum();
    }

    private void look(DataFile file) {
      files++;
      PlannedFile planned =
          new PlannedFile(
              file,
              requireNonNull(table.specs().get(file.specId())),
              deletes.positions(file),
              deletes.equality(file));
      if (settings.mode() == CompactionMode.ALL && isOlder(planned)) {
        older.add(planned);
      } else if (isSmall(planned) || isNeeded(planned)) {
        partitions.computeIfAbsent(file.specId(), file.partition(), ArrayList::new).add(planned);
      }
    }

    private boolean isOlder(PlannedFile planned) {
      return planned.spec().specId() != table.spec().specId();
    }

    private boolean isSmall(PlannedFile planned) {
      return planned.bytes() < smallBytes(settings.targetBytes());
    }

    /** Whether it is written again, also if it is the only one. */
    private boolean isNeeded(PlannedFile planned) {
      boolean much =
          planned.deletedFraction() >= MUCH_DELETED
              || planned.deletes().size() >= MANY_DELETE_FILES;
      return switch (settings.mode()) {
        case ALL ->
            much
                || !planned.equalityDeletes().isEmpty()
                || isOlder(planned)
                || !order.has(planned.file());
        case TIERED ->
            planned.equalityDeletes().size() >= MANY_DELETE_FILES || (much && !isSmall(planned));
      };
    }

    private List<PlannedFile> chosen(List<PlannedFile> candidates) {
      List<PlannedFile> needed = candidates.stream().filter(this::isNeeded).toList();
      List<PlannedFile> small = candidates.stream().filter(file -> !isNeeded(file)).toList();
      List<PlannedFile> chosen = new ArrayList<>(needed);
      chosen.addAll(
          switch (settings.mode()) {
            case ALL -> small;
            case TIERED -> tiers.toMerge(small, this::facts);
          });
      return chosen;
    }

    private Tiers.SmallFile facts(PlannedFile planned) {
      Duration age = ages.of(planned.file());
      Duration unchanged =
          planned.deletes().stream()
              .map(ages::of)
              .reduce(age, BinaryOperator.minBy(naturalOrder()));
      return new Tiers.SmallFile(
          planned.file().recordCount(), planned.bytes(), planned.deletedFraction(), age, unchanged);
    }

    private List<FileGroup> groups(List<PlannedFile> chosen) {
      List<FileGroup> groups = new ArrayList<>();
      List<PlannedFile> next = new ArrayList<>();
      long bytes = 0;
      long placed = 0;
      for (PlannedFile planned : chosen.stream().sorted(PlannedFile.BY_AGE).toList()) {
        bytes += planned.bytes();
        placed += placesOf(planned);
        if (isTooMuch(bytes, placed) && !next.isEmpty()) {
          addIfWorthIt(groups, next);
          next = new ArrayList<>();
          bytes = planned.bytes();
          placed = placesOf(planned);
        }
        next.add(planned);
      }
      addIfWorthIt(groups, next);
      return groups;
    }

    private long placesOf(PlannedFile planned) {
      boolean moves = isOlder(planned) || order.movesRows();
      return moves ? planned.file().recordCount() * Long.BYTES : 0;
    }

    private boolean isTooMuch(long bytes, long placed) {
      return bytes > settings.targetBytes() * TARGETS_PER_GROUP
          || placed > settings.memoryBytes() / MEMORY_FOR_PLACES;
    }

    private void addIfWorthIt(List<FileGroup> groups, List<PlannedFile> files) {
      boolean deleted = files.stream().anyMatch(file -> file.deletedRows() > 0);
      boolean alone = settings.mode() == CompactionMode.TIERED && deleted;
      if (files.size() > 1 || alone || files.stream().anyMatch(this::isNeeded)) {
        groups.add(new FileGroup(snapshot.snapshotId(), files));
      }
    }
  }
}
