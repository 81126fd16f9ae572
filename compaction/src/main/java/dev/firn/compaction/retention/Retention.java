package dev.firn.compaction.retention;

import dev.firn.writer.LakeTables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * Thins out the snapshots of one table, in one commit that changes metadata only.
 *
 * <p>Safe beside a writer and beside another run, and to be killed at any instant.
 */
public final class Retention {
  private final TableIdentifier name;
  private final Table table;
  private final RetentionSettings settings;
  private final Instant now;
  private final Mode mode;
  private final ExpiryListener listener;
  private final Set<Long> told = new HashSet<>();
  private final List<String> notes = new ArrayList<>();

  private Retention(
      TableIdentifier name,
      Table table,
      RetentionSettings settings,
      Instant now,
      Mode mode,
      ExpiryListener listener) {
    this.name = name;
    this.table = table;
    this.settings = settings;
    this.now = now;
    this.mode = mode;
    this.listener = listener;
  }

  private record Done(TableMetadata base, RetentionPlan plan) {}

  /**
   * Goes through the table once.
   *
   * @param listener told of snapshots before they go; of none in a dry run
   * @throws dev.firn.compaction.CompactionException it could not be done; the table is whole
   */
  public static RetentionResult run(
      Catalog catalog,
      TableIdentifier name,
      RetentionSettings settings,
      Instant now,
      Mode mode,
      ExpiryListener listener) {
    Table table = catalog.loadTable(name);
    return new Retention(name, table, settings, now, mode, listener).run(catalog);
  }

  private RetentionResult run(Catalog catalog) {
    Optional<OldChanges> changes = OldChanges.of(catalog, name, table, settings, now);
    int removed = refusal().isPresent() ? 0 : changes.map(old -> old.remove(mode, notes)).orElse(0);
    BaselineMove move = changes.map(OldChanges::move).orElse(BaselineMove.NONE);
    Done done =
        switch (mode) {
          case DRY_RUN -> plan(MetadataCommit.operations(table).current(), move);
          case REAL -> MetadataCommit.run(table, base -> change(base, move));
        };
    refusal().ifPresent(notes::add);
    done.plan()
        .baseline()
        .ifPresent(to -> notes.add("its changelog begins after snapshot %d now".formatted(to)));
    return result(done, removed);
  }

  private Done plan(TableMetadata base, BaselineMove move) {
    RetentionPlan plan =
        refusal().isPresent() ? RetentionPlan.NOTHING : RetentionPlan.of(base, settings, now, move);
    return new Done(base, plan);
  }

  private MetadataCommit.Change<Done> change(TableMetadata base, BaselineMove move) {
    Done done = plan(base, move);
    if (done.plan().isNothing()) {
      return new MetadataCommit.Change<>(null, done);
    }
    Set<Long> news = new HashSet<>(done.plan().expired());
    news.removeAll(told);
    if (!news.isEmpty()) {
      listener.beforeExpiry(table, Set.copyOf(news), now);
      told.addAll(news);
    }
    return new MetadataCommit.Change<>(done.plan().applyTo(base, now), done);
  }

  /** Why the table, as loaded, is left alone. */
  private Optional<String> refusal() {
    if (LakeTables.isRolledBack(table)) {
      return Optional.of(
          "it was rolled back, and its snapshots are the way forward again: none is removed");
    }
    boolean collected =
        Boolean.parseBoolean(table.properties().getOrDefault(TableProperties.GC_ENABLED, "true"));
    return collected
        ? Optional.empty()
        : Optional.of("its property %s is false".formatted(TableProperties.GC_ENABLED));
  }

  private RetentionResult result(Done done, int changelogFiles) {
    RetentionPlan plan = done.plan();
    boolean changed = mode == Mode.REAL && !plan.isNothing();
    int before = done.base().snapshots().size();
    return new RetentionResult(
        name.toString(),
        before,
        before - plan.expired().size(),
        plan.tags().size(),
        plan.surplus().size(),
        changed ? bytes(done.base()) : OptionalLong.empty(),
        changed ? bytes(MetadataCommit.operations(table).current()) : OptionalLong.empty(),
        changelogFiles,
        notes);
  }

  /** It is only for people: whatever stands in the way is no failure. */
  private OptionalLong bytes(TableMetadata metadata) {
    try {
      return OptionalLong.of(table.io().newInputFile(metadata.metadataFileLocation()).getLength());
    } catch (RuntimeException e) {
      return OptionalLong.empty();
    }
  }
}
