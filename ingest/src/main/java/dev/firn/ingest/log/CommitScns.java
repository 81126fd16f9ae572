package dev.firn.ingest.log;

import static java.util.stream.Collectors.joining;

import dev.firn.writer.PipelineException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The last commit of each redo thread of Oracle, as Debezium writes them: {@code
 * 2868546:1:0a001e00f6040000-06001100e0030000,2868600:2:...}, that is SCN, thread and the
 * transactions that have committed at that SCN. Thread 0 stands for all: what an initial snapshot
 * has.
 *
 * @param last by thread
 */
record CommitScns(NavigableMap<Integer, Commit> last) implements LogSet {
  private static final int ALL_THREADS = 0;

  /**
   * @param transactions those that have committed at the SCN and were seen
   */
  record Commit(BigInteger scn, NavigableSet<String> transactions) {
    Commit with(Commit other) {
      int order = scn.compareTo(other.scn);
      if (order != 0) {
        return order > 0 ? this : other;
      }
      NavigableSet<String> both = new TreeSet<>(transactions);
      both.addAll(other.transactions);
      return new Commit(scn, both);
    }

    boolean contains(Commit other) {
      int order = scn.compareTo(other.scn);
      return order > 0 || (order == 0 && transactions.containsAll(other.transactions));
    }
  }

  static CommitScns parse(String text) {
    CommitScns all = new CommitScns(new TreeMap<>());
    for (String thread : text.split(",", -1)) {
      String[] parts = thread.split(":", -1);
      if (parts.length != 3) {
        throw new IllegalArgumentException("'%s' are no commit SCNs".formatted(text));
      }
      all =
          all.with(
              of(Integer.parseInt(parts[1]), new Commit(new BigInteger(parts[0]), ids(parts[2]))));
    }
    return all;
  }

  private static NavigableSet<String> ids(String text) {
    NavigableSet<String> ids = new TreeSet<>();
    Arrays.stream(text.toLowerCase(Locale.ROOT).split("-", -1))
        .filter(id -> !id.isEmpty())
        .forEach(ids::add);
    return ids;
  }

  /** All that was committed up to an SCN, on any thread. */
  static CommitScns upTo(BigInteger scn) {
    return of(ALL_THREADS, new Commit(scn, new TreeSet<>()));
  }

  private static CommitScns of(int thread, Commit commit) {
    NavigableMap<Integer, Commit> last = new TreeMap<>();
    last.put(thread, commit);
    return new CommitScns(last);
  }

  /** A transaction alone. */
  CommitScns of(String transaction) {
    String id = transaction.toLowerCase(Locale.ROOT);
    return last.entrySet().stream()
        .filter(thread -> thread.getValue().transactions().contains(id))
        .findFirst()
        .map(thread -> of(thread.getKey(), new Commit(thread.getValue().scn(), ids(id))))
        .orElseThrow(() ->
            new PipelineException(
                "transaction %s ended, but is not among the commits %s".formatted(id, this)));
  }

  CommitScns with(CommitScns other) {
    NavigableMap<Integer, Commit> all = new TreeMap<>(last);
    other.last.forEach((thread, commit) -> all.merge(thread, commit, Commit::with));
    return new CommitScns(all);
  }

  @Override
  public boolean containsAll(LogSet other) {
    return other instanceof CommitScns commits
        && commits.last.entrySet().stream()
            .allMatch(thread -> has(thread.getKey(), thread.getValue()));
  }

  private boolean has(int thread, Commit commit) {
    Commit own = last.get(thread);
    Commit snapshot = last.get(ALL_THREADS);
    return (own != null && own.contains(commit))
        || (snapshot != null && snapshot.scn().compareTo(commit.scn()) >= 0);
  }

  @Override
  public String toString() {
    return last.entrySet().stream()
        .map(thread ->
            "%s:%d:%s"
                .formatted(
                    thread.getValue().scn(),
                    thread.getKey(),
                    String.join("-", thread.getValue().transactions())))
        .collect(joining(","));
  }
}
