package dev.firn.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;

/** One transaction that streams into data files as it arrives; still one commit. */
public final class LargeTransaction {
  /** What is held in memory while rows wait for values, at most. */
  static final long MAX_HELD_BYTES = Math.max(16L << 20, Runtime.getRuntime().maxMemory() / 16);

  private final Pipeline pipeline;
  private final long maxHeldBytes;
  private final Map<TableIdentifier, TableWrite> writes = new LinkedHashMap<>();

  private final Map<TableIdentifier, HeldChanges> held = new LinkedHashMap<>();

  /** What goes to the quarantine; null: nothing so far. */
  private @Nullable HeldChanges aside;

  private int order;

  /** Of the changes that came while rows of their table waited. */
  private long heldBytes;

  /**
   * @param maxHeldBytes how many bytes of changes are held while rows wait for values, of all
   *     tables together
   */
  LargeTransaction(Pipeline pipeline, long maxHeldBytes) {
    this.pipeline = pipeline;
    this.maxHeldBytes = maxHeldBytes;
  }

  /** Applies the next change. */
  public void apply(TableChange change) {
    if (pipeline.isHeldBack(change.table()) && !change.isWholeAside()) {
      order++;
      return;
    }
    if (change.change() instanceof RowChange.Aside(SetAside what)) {
      setAside(change.table(), what);
      return;
    }
    TableWrite write =
        writes.computeIfAbsent(change.table(), table -> pipeline.writer(table).writeAtOnce());
    write.applyNow(change.change());
    if (write.isWaiting()) {
      hold(change.bytes());
    }
    HeldChanges changes = held.get(change.table());
    if (changes == null) {
      changes = pipeline.hold(change.table()).orElse(null);
    }
    if (changes != null) {
      held.put(change.table(), changes);
      changes.add(change.change(), order, write.isWaiting());
    }
    order++;
  }

  private void setAside(TableIdentifier table, SetAside what) {
    if (aside == null) {
      aside = pipeline.holdForQuarantine();
    }
    aside.add(Quarantine.entry(table, what, TransactionEnd.UNKNOWN, order++));
  }

  private void hold(long bytes) {
    heldBytes += bytes;
    if (heldBytes >= maxHeldBytes) {
      writes.values().forEach(TableWrite::writeWaiting);
      held.values().forEach(HeldChanges::areFilled);
      heldBytes = 0;
    }
  }

  /** Gives an open table other columns; its changes so far stay what they were. */
  public RowTarget changeColumns(TableIdentifier table, ColumnChanges changes) {
    TableWrite write = writes.get(table);
    if (write == null) {
      return pipeline.changeColumns(table, changes);
    }
    RowTarget target = pipeline.changeColumns(table, changes, write);
    HeldChanges told = held.get(table);
    if (told != null) {
      told.columnsChanged();
    }
    return target;
  }

  /** Commits it as a batch of its own; tables that already have it drop it. */
  public CommittedBatch commit(TransactionEnd end) {
    return pipeline.commitLarge(writes, held, Optional.ofNullable(aside), end);
  }

  /** Gives it up, as when its end never came; it will be sent again. */
  public void abandon() {
    writes.forEach((table, write) -> pipeline.writer(table).abandonAtOnce(write));
    writes.clear();
    held.values().forEach(HeldChanges::abandon);
    held.clear();
    if (aside != null) {
      aside.abandon();
      aside = null;
    }
  }
}
