package dev.firn.compaction;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a compaction did to one table.
 *
 * @param filesBefore its data files when the compaction began
 * @param replaced the groups of files that were replaced
 * @param notes why the table, or some files of it, were left as they are
 * @param failure what went wrong, if something did; the table is whole all the same
 */
public record TableResult(
    String table,
    long filesBefore,
    List<GroupOutcome.Replaced> replaced,
    List<String> notes,
    Optional<CompactionException> failure,
    Duration took) {
  public TableResult {
    replaced = List.copyOf(replaced);
    notes = List.copyOf(notes);
  }

  /** Whether there was nothing to do, and nothing stood in the way either. */
  public boolean isNothing() {
    return replaced.isEmpty() && notes.isEmpty() && failure.isEmpty();
  }

  /** Not counting what a writer added meanwhile. */
  public long filesAfter() {
    return filesBefore
        - replaced.stream().mapToLong(GroupOutcome.Replaced::filesIn).sum()
        + replaced.stream().mapToLong(GroupOutcome.Replaced::filesOut).sum();
  }

  /** Live rows that were written anew. */
  public long rows() {
    return replaced.stream().mapToLong(GroupOutcome.Replaced::rows).sum();
  }

  public long deletedRowsRemoved() {
    return replaced.stream().mapToLong(GroupOutcome.Replaced::deletedRowsRemoved).sum();
  }

  public long deletedRowsRemapped() {
    return replaced.stream().mapToLong(GroupOutcome.Replaced::deletedRowsRemapped).sum();
  }

  public long bytesIn() {
    return replaced.stream().mapToLong(GroupOutcome.Replaced::bytesIn).sum();
  }

  public long bytesOut() {
    return replaced.stream().mapToLong(GroupOutcome.Replaced::bytesOut).sum();
  }
}
