package dev.firn.compaction;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;

/**
 * Compacts one table, again and again: one commit for each group of files. It remembers how long
 * that took. For one thread.
 */
public final class Compaction {
  private final String name;
  private final CompactionSettings settings;
  private final Progress progress;
  private final Pacer pacer;
  private final Pace pace = new Pace();

  private Compaction(String name, CompactionSettings settings, Progress progress, Pacer pacer) {
    this.name = name;
    this.settings = settings;
    this.progress = progress;
    this.pacer = pacer;
  }

  /**
   * Of one table.
   *
   * @param name for people
   */
  public static Compaction of(
      String name, CompactionSettings settings, Progress progress, Pacer pacer) {
    return new Compaction(name, settings, progress, pacer);
  }

  /**
   * Goes through the table once. Where the pacer stops it, the groups that were committed stay, and
   * a note says how far it came.
   *
   * @param table as just loaded
   * @param clock what is merged beside a writer depends on how old it is, and how long that takes
   */
  public TableResult run(Table table, InstantSource clock) {
    return new Run(table, clock).run();
  }

  private final class Run {
    private final Table table;
    private final InstantSource clock;
    private final Work work;
    private final List<GroupOutcome.Replaced> replaced = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Run(Table table, InstantSource clock) {
      this.table = table;
      this.clock = clock;
      this.work =
          new Work(name, progress, pacer, () -> TimeUnit.MILLISECONDS.toNanos(clock.millis()));
    }

    TableResult run() {
      long started = System.nanoTime();
      CompactionPlan plan = CompactionPlan.of(table, settings, clock.instant(), pace);
      Optional<CompactionException> failure = Optional.empty();
      try {
        replace(plan);
        if (plan.groups().stream().anyMatch(group -> group.isRepartitioned(table))) {
          // What came to its partition is to be merged with what was there.
          replace(CompactionPlan.of(table, settings, clock.instant(), pace));
        }
        if (settings.mode() == CompactionMode.ALL || !replaced.isEmpty()) {
          notes.addAll(plan.notes());
        }
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
      Duration before = work.working();
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
      GroupOutcome outcome = rewrite.commit();
      pace.add(group.cost(), work.working().minus(before));
      return outcome;
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
}
