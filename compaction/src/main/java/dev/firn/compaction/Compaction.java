package dev.firn.compaction;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;

/** Compacts one table once: one commit for each group of files. */
public final class Compaction {
  private final Table table;
  private final String name;
  private final CompactionSettings settings;
  private final Work work;
  private final Instant now;
  private final List<GroupOutcome.Replaced> replaced = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private Compaction(
      Table table, String name, CompactionSettings settings, Work work, Instant now) {
    this.table = table;
    this.name = name;
    this.settings = settings;
    this.work = work;
    this.now = now;
  }

  /**
   * Goes through the table once. Where the pacer stops it, the groups that were committed stay, and
   * a note says how far it came.
   *
   * @param table as just loaded
   * @param name for people
   * @param now what is merged beside a writer depends on how old it is
   */
  public static TableResult run(
      Table table,
      String name,
      CompactionSettings settings,
      Progress progress,
      Pacer pacer,
      Instant now) {
    Work work = new Work(name, progress, pacer, System::nanoTime);
    return new Compaction(table, name, settings, work, now).run();
  }

  private TableResult run() {
    long started = System.nanoTime();
    CompactionPlan plan = CompactionPlan.of(table, settings, now);
    Optional<CompactionException> failure = Optional.empty();
    try {
      replace(plan);
      if (plan.groups().stream().anyMatch(group -> group.isRepartitioned(table))) {
        // What came to its partition is to be merged with what was there.
        replace(CompactionPlan.of(table, settings, now));
      }
      noteOrder();
      tidy();
    } catch (CompactionStoppedException e) {
      notes.add(
          "stopped after %d of %d groups: %s"
              .formatted(replaced.size(), plan.groups().size(), e.getMessage()));
    } catch (CompactionException e) {
      failure = Optional.of(e);
    }
    return new TableResult(
        name,
        plan.files(),
        replaced,
        notes,
        failure,
        Duration.ofNanos(System.nanoTime() - started));
  }

  private void replace(CompactionPlan plan) {
    work.begin(plan.groups().size(), plan.bytes());
    GroupRewrite.Tools tools = GroupRewrite.Tools.of(table, settings, work, plan.locations());
    for (FileGroup group : plan.groups()) {
      work.nextGroup();
      switch (outcome(group, tools)) {
        case GroupOutcome.Replaced done -> replaced.add(done);
        case GroupOutcome.GivenUp given ->
            notes.add("left %d files as they are: %s".formatted(group.size(), given.why()));
      }
    }
  }

  private GroupOutcome outcome(FileGroup group, GroupRewrite.Tools tools) {
    if (group.waitsForRowIds(table)) {
      return new GroupOutcome.GivenUp(
          "the table was upgraded, and the next commit to it gives the ids to their rows");
    }
    GroupRewrite rewrite;
    try {
      rewrite = GroupRewrite.write(table, group, settings, tools);
    } catch (NotFoundException e) {
      // whoever replaces files may also delete them
      if (CompactionPlan.has(table, group)) {
        throw new CompactionException(
            "%s: a file of the table is missing: %s".formatted(name, e.getMessage()), e);
      }
      return new GroupOutcome.GivenUp("someone else replaced them meanwhile");
    }
    return rewrite.commit();
  }

  /** Why rows are not sorted as their owner has said. */
  private void noteOrder() {
    if (RowOrder.of(table) instanceof RowOrder.AsTheyLie(Optional<String> problem)
        && (settings.mode() == CompactionMode.ALL || !replaced.isEmpty())) {
      problem.ifPresent(notes::add);
    }
  }

  /** What the groups leave behind in the metadata, and what others left there. */
  private void tidy() {
    if (settings.mode() == CompactionMode.TIERED && replaced.isEmpty()) {
      return;
    }
    work.advance(0);
    DanglingDeletes.remove(table);
    try {
      ScatteredManifests.gather(table);
    } catch (CompactionException e) {
      notes.add("manifests left as they are: " + e.getMessage());
    }
  }
}
