package dev.firn.writer;

import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/** Takes tables over: from then on every commit of a lower epoch is refused. */
record Claim(
    String pipeline, long epoch, String writer, PipelineSettings settings, Troubles troubles) {

  /**
   * Commits an empty snapshot under this epoch; the batch and the position stay what they were.
   *
   * @throws FencedException a writer of a higher epoch has been there
   * @throws PipelineException the table holds data that is not this pipeline's
   */
  Mark take(String name, Table table) {
    return take(name, table, new Mark(pipeline, 0, 0, "", writer));
  }

  /**
   * @param otherwise what a table without a mark is taken to hold
   */
  Mark take(String name, Table table, Mark otherwise) {
    while (true) {
      Optional<Mark> found = Marks.of(name, table);
      if (found.isEmpty() && table.currentSnapshot() != null) {
        throw new PipelineException(
            "table %s exists and was not written by Firn; drop or rename it, or set another table-namespace or table-prefix"
                .formatted(name));
      }
      Mark last = found.orElse(otherwise);
      requireOurs(name, last);
      Mark mark = new Mark(pipeline, epoch, last.batch(), last.position(), writer);
      Snapshot current = table.currentSnapshot();
      long onto = current == null ? -1 : current.snapshotId();
      try {
        MarkedCommit commit = new MarkedCommit(name, table, mark, onto, troubles);
        var unused = commit.commit(commit.emptySnapshot());
        return mark;
      } catch (Head.ForeignCommitException e) {
        table.refresh();
      }
    }
  }

  /**
   * Lets a table that is taken over tell of no position any more.
   *
   * @throws FencedException a writer of a higher epoch has been there
   */
  Mark forgetPosition(String name, Table table, Mark last) {
    Mark mark = new Mark(pipeline, epoch, last.batch(), "", writer);
    while (true) {
      table.refresh();
      long onto = table.currentSnapshot().snapshotId();
      try {
        MarkedCommit commit = new MarkedCommit(name, table, mark, onto, troubles);
        var unused = commit.commit(commit.emptySnapshot());
        return mark;
      } catch (Head.ForeignCommitException e) {
        Marks.requireSame(name, table, last);
      }
    }
  }

  private void requireOurs(String name, Mark last) {
    if (!last.pipeline().equals(pipeline)) {
      throw new PipelineException(
          "table %s belongs to pipeline %s; give this pipeline (%s) another table-namespace or table-prefix"
              .formatted(name, last.pipeline(), pipeline));
    }
    if (last.epoch() > epoch) {
      throw Head.fenced(pipeline, epoch, last);
    }
  }
}
