package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/** The changelogs of a pipeline's open tables; some tables have none. */
final class Changelogs {
  private final TableCommits tableCommits;
  private final Map<TableIdentifier, Changelog> open = new ConcurrentHashMap<>();
  private volatile @Nullable Changelog quarantine;

  Changelogs(TableCommits tableCommits) {
    this.tableCommits = tableCommits;
  }

  void put(TableIdentifier table, Changelog changelog) {
    open.put(table, changelog);
  }

  /** Takes in the pipeline's quarantine, which is committed as a changelog is. */
  void putQuarantine(Changelog log) {
    open.put(log.name(), log);
    quarantine = log;
  }

  /** What the quarantine is called. */
  TableIdentifier quarantine() {
    return openQuarantine().name();
  }

  /** Whether there is a quarantine that has told of anything. */
  boolean hasSetAside() {
    Changelog log = quarantine;
    return log != null && !log.isEmpty();
  }

  private Changelog openQuarantine() {
    Changelog log = quarantine;
    if (log == null) {
      throw new PipelineException("an event was set aside, but the quarantine is not open");
    }
    return log;
  }

  /** Adds what a batch sets aside; visible with {@link #commit}. */
  void addToQuarantine(List<ChangelogRow> setAside, BatchInfo info) {
    if (!setAside.isEmpty()) {
      openQuarantine().add(setAside, info.mark().batch());
    }
  }

  /** Adds what was held of the same; the files of that go once it is visible. */
  void addToQuarantine(HeldChanges held, BatchInfo info) {
    held.requireComplete();
    Changelog log = openQuarantine();
    log.add(() -> held.readInto(log, info.end(), info.mark().batch()));
  }

  /** Gives the changelog of a table, if it has one, the columns that the table has now. */
  void follow(RowTarget target) {
    Changelog changelog = open.get(target.table());
    if (changelog != null) {
      changelog.follow(target.columns());
    }
  }

  /** Whether a table is an open changelog. */
  boolean isOpen(TableIdentifier name) {
    return open.values().stream().anyMatch(changelog -> changelog.name().equals(name));
  }

  /** What the changelog of a table is called. */
  Optional<TableIdentifier> name(TableIdentifier table) {
    return Optional.ofNullable(open.get(table)).map(Changelog::name);
  }

  /** Adds what a batch changed in a table; visible with {@link #commit}. */
  void add(TableIdentifier table, TableBatch changes, BatchInfo info) {
    Changelog changelog = open.get(table);
    if (changelog != null) {
      changelog.add(changes.takeChangelog(), info.mark().batch());
    }
  }

  /** Adds of a batch only what its table has already. */
  void addReplayed(TableIdentifier table, TableBatch changes, BatchInfo info) {
    Changelog changelog = open.get(table);
    if (changelog != null) {
      changelog.add(changes.replayed(), info.mark().batch());
    }
  }

  /**
   * Commits what must be safe before the table's own commit: what the source did not send was taken
   * from the table as it is before the batch, or from an earlier transaction of the batch, and a
   * replay, perhaps in other batches, could not find it there any more.
   */
  void addFirst(TableIdentifier table, TableBatch changes, BatchInfo info) {
    Changelog changelog = open.get(table);
    if (changelog != null && changes.isPartlySent()) {
      add(table, changes, info);
      commit(changelog, info);
    }
  }

  /** A place for a large transaction's changes of a table; empty when it has no changelog. */
  Optional<HeldChanges> hold(TableIdentifier table) {
    return Optional.ofNullable(open.get(table)).map(Changelog::hold);
  }

  /** Commits a large transaction's changes of a table, unless the changelog has them. */
  void commitLarge(
      TableIdentifier table, @Nullable HeldChanges held, BatchInfo info, Recovery recovery) {
    if (held == null) {
      return;
    }
    Changelog changelog = requireNonNull(open.get(table), "changelog is null");
    if (!recovery.has(changelog.name(), info.end().position())) {
      held.requireComplete();
      changelog.add(() -> held.readInto(changelog, info.end(), info.mark().batch()));
      commit(changelog, info);
    }
    held.abandon();
  }

  private void commit(Changelog changelog, BatchInfo info) {
    tableCommits.steps().during(Step.CHANGELOG_COMMIT, () -> changelog.commit(info));
  }

  /** Makes visible all that was added, up to this batch. */
  void commit(BatchInfo last) {
    tableCommits
        .steps()
        .during(
            Step.CHANGELOG_COMMIT,
            () ->
                tableCommits.runAll(
                    open.values().stream()
                        .filter(Changelog::isPending)
                        .<Runnable>map(changelog -> () -> changelog.commit(last))
                        .toList()));
  }

  /** Lets all begin behind the batch that was the initial snapshot. */
  void beginAfter(Mark snapshot) {
    tableCommits.runAll(
        open.values().stream()
            .<Runnable>map(changelog -> () -> changelog.beginAfter(snapshot))
            .toList());
  }

  /** Adds each as it is to what the control table says of the pipeline's tables. */
  void register(Map<String, ControlTable.Registered> registry) {
    open.values()
        .forEach(changelog -> registry.put(changelog.name().toString(), changelog.registered()));
  }
}
