package dev.firn.compaction;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;

/** Compacts one table once: one commit for each group of files. */
public final class Compaction {
  private final Table table;
  private final String name;
  private final long targetBytes;
  private final List<GroupOutcome.Replaced> replaced = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private Compaction(Table table, String name, long targetBytes) {
    this.table = table;
    this.name = name;
    this.targetBytes = targetBytes;
  }

  /**
   * Goes through the table once.
   *
   * @param table as just loaded
   * @param name for people
   * @param targetBytes size at which a data file is closed and the next one begun
   */
  public static TableResult run(Table table, String name, long targetBytes) {
    return new Compaction(table, name, targetBytes).run();
  }

  private TableResult run() {
    long started = System.nanoTime();
    CompactionPlan plan = CompactionPlan.of(table, targetBytes);
    plan.refusal().ifPresent(notes::add);
    Optional<CompactionException> failure = Optional.empty();
    try {
      plan.groups().forEach(this::replace);
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

  private void replace(FileGroup group) {
    switch (outcome(group)) {
      case GroupOutcome.Replaced done -> replaced.add(done);
      case GroupOutcome.GivenUp given ->
          notes.add("left %d files as they are: %s".formatted(group.files().size(), given.why()));
    }
  }

  private GroupOutcome outcome(FileGroup group) {
    GroupRewrite rewrite;
    try {
      rewrite = GroupRewrite.write(table, group, targetBytes);
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
}
