package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * One change as the changelog keeps it.
 *
 * @param row the row after the change; of a deleted row what the source sent of it, which is at
 *     least its key; null when all rows are gone
 * @param order its number within its transaction, over all tables
 */
record ChangelogRow(Op op, @Nullable Record row, TransactionEnd end, int order) {

  /** What happened, by Debezium's letter. */
  enum Op {
    INSERT("c"),
    UPDATE("u"),
    DELETE("d"),
    TRUNCATE("t"),
    /** Only in the quarantine. */
    READ("r");

    private final String letter;

    Op(String letter) {
      this.letter = letter;
    }

    String letter() {
      return letter;
    }

    static Op of(String letter) {
      return Arrays.stream(values())
          .filter(op -> op.letter.equals(letter))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("operation '%s'".formatted(letter)));
    }
  }

  ChangelogRow {
    requireNonNull(op, "op is null");
    requireNonNull(end, "end is null");
  }

  /**
   * A change as its table's changelog tells it, which knows nothing of what was set aside: where no
   * key says which row it was, the row that went comes first.
   */
  static List<ChangelogRow> of(RowChange change, TransactionEnd end, int order) {
    return switch (change) {
      case RowChange.Insert insert ->
          List.of(new ChangelogRow(Op.INSERT, insert.row(), end, order));
      case RowChange.Update update when update.rowBefore() != null ->
          List.of(
              new ChangelogRow(Op.DELETE, update.rowBefore(), end, order),
              new ChangelogRow(Op.INSERT, update.row(), end, order));
      case RowChange.Update update ->
          List.of(new ChangelogRow(Op.UPDATE, update.row(), end, order));
      case RowChange.Delete delete ->
          List.of(new ChangelogRow(Op.DELETE, delete.row(), end, order));
      case RowChange.Truncate truncate -> List.of(new ChangelogRow(Op.TRUNCATE, null, end, order));
      case RowChange.Aside aside -> List.of();
    };
  }

  /** Whether a value that did not change is still missing. */
  boolean isIncomplete() {
    return row != null && UnavailableValues.isIn(row);
  }
}
