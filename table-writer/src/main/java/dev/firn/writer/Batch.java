package dev.firn.writer;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/** Whole transactions that become visible together, folded by key. */
public final class Batch {
  private final Recovery recovery;
  private final Predicate<TableIdentifier> isHeldBack;
  private final Function<TableIdentifier, TableBatch> newTable;
  private final Function<TableIdentifier, Optional<TableIdentifier>> changelogOf;
  private final Supplier<TableIdentifier> quarantine;
  private final Map<TableIdentifier, TableBatch> tables = new LinkedHashMap<>();
  private final List<ChangelogRow> setAside = new ArrayList<>();
  private @Nullable TransactionEnd end;
  private @Nullable Instant first;
  private long transactions;
  private long bytes;

  Batch(
      Recovery recovery,
      Predicate<TableIdentifier> isHeldBack,
      Function<TableIdentifier, TableBatch> newTable,
      Function<TableIdentifier, Optional<TableIdentifier>> changelogOf,
      Supplier<TableIdentifier> quarantine) {
    this.recovery = recovery;
    this.isHeldBack = isHeldBack;
    this.newTable = newTable;
    this.changelogOf = changelogOf;
    this.quarantine = quarantine;
  }

  /**
   * Adds a transaction; what a table already has of it (after a restart) is dropped.
   *
   * @return false when all tables have it already: nothing was added
   */
  public boolean add(SourceTransaction transaction) {
    if (isComplete()) {
      throw new IllegalStateException("the batch is complete");
    }
    TransactionEnd newEnd = transaction.end();
    if (recovery.allHave(newEnd.position())) {
      return false;
    }
    int order = 0;
    for (TableChange change : transaction.changes()) {
      add(change, newEnd, order++);
    }
    if (first == null) {
      first = newEnd.committedAt();
    }
    end = newEnd;
    transactions++;
    return true;
  }

  private void add(TableChange change, TransactionEnd at, int order) {
    TableIdentifier name = change.table();
    if (isHeldBack.test(name) && !change.isWholeAside()) {
      return;
    }
    if (change.change() instanceof RowChange.Aside(SetAside aside)) {
      setAside(name, aside, at, order);
      bytes += change.bytes();
      return;
    }
    boolean applies = !recovery.has(name, at.position());
    boolean logs =
        changelogOf.apply(name).filter(log -> !recovery.has(log, at.position())).isPresent();
    if (!applies && !logs) {
      return;
    }
    TableBatch table = tables.computeIfAbsent(name, newTable);
    if (!applies) {
      table.log(change.change(), at, order);
    } else if (logs) {
      table.applyAndLog(change.change(), at, order);
    } else {
      table.apply(change.change());
    }
    bytes += change.bytes();
  }

  private void setAside(TableIdentifier table, SetAside aside, TransactionEnd at, int order) {
    if (!recovery.has(quarantine.get(), at.position())) {
      setAside.add(Quarantine.entry(table, aside, at, order));
    }
  }

  /** What goes to the quarantine, in order. */
  List<ChangelogRow> setAside() {
    return setAside;
  }

  /** Whether no transaction has been added. */
  public boolean isEmpty() {
    return end == null;
  }

  /** Whether it must end here: where a batch that was interrupted by a crash ended. */
  public boolean isComplete() {
    return end != null && recovery.endsAt(end.position());
  }

  /**
   * Whether it should take in more before it is committed, to end where a batch before it ended.
   */
  public boolean wantsMore() {
    return end != null && recovery.isPending(end.position());
  }

  /** An estimate of the memory that it holds. */
  public long bytes() {
    return bytes;
  }

  /** Where its last transaction ended; empty while it is empty. */
  public Optional<TransactionEnd> end() {
    return Optional.ofNullable(end);
  }

  Instant first() {
    if (first == null) {
      throw new IllegalStateException("the batch is empty");
    }
    return first;
  }

  long transactions() {
    return transactions;
  }

  Map<TableIdentifier, TableBatch> tables() {
    return tables;
  }
}
