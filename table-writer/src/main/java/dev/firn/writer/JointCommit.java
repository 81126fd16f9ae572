package dev.firn.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.Transactions;
import org.apache.iceberg.catalog.TableCommit;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.encryption.EncryptionManager;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.util.SnapshotUtil;
import org.jspecify.annotations.Nullable;

/**
 * One commit of the catalog for all tables of a batch: no reader sees one of them without the
 * others.
 *
 * <p>Each table's commit arrives with what it would commit and waits until all that have not landed
 * yet have arrived; then one of them commits for all. How that ends is told to each as if it had
 * been alone: a refused table looks at what somebody else made of it, and all come back.
 */
final class JointCommit implements BatchCommit {
  private record Arrived(
      TableIdentifier name, TableOperations table, TableMetadata base, TableMetadata updated) {
    TableCommit commit() {
      return TableCommit.create(name, base, updated);
    }
  }

  private final Consumer<List<TableCommit>> catalog;
  private List<Arrived> arrived = new ArrayList<>();
  private CompletableFuture<Void> outcome = new CompletableFuture<>();
  private int open;
  private @Nullable RuntimeException failure;

  /**
   * @param catalog commits several tables, all or none
   */
  JointCommit(Consumer<List<TableCommit>> catalog) {
    this.catalog = catalog;
  }

  @Override
  public synchronized void begin(int tables) {
    open = tables;
  }

  @Override
  public Transaction transaction(TableIdentifier name, Table table) {
    return Transactions.newTransaction(
        table.name(), new Member(name, ((HasTableOperations) table).operations()));
  }

  @Override
  public void landed() {
    synchronized (this) {
      open--;
    }
    commitOnceAllArrived();
  }

  @Override
  public void failed(Throwable cause) {
    CompletableFuture<Void> waiting;
    RuntimeException why;
    synchronized (this) {
      if (failure == null) {
        failure =
            cause instanceof RuntimeException known
                ? known
                : new PipelineException("another table of the batch failed: " + cause, cause);
      }
      why = failure;
      waiting = outcome;
    }
    waiting.completeExceptionally(why);
  }

  private void commit(Arrived table) {
    CompletableFuture<Void> mine;
    synchronized (this) {
      requireNotFailed();
      arrived.add(table);
      mine = outcome;
    }
    commitOnceAllArrived();
    try {
      var unused = mine.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private synchronized void requireNotFailed() {
    if (failure != null) {
      throw failure;
    }
  }

  /** On the thread of the last that was waited for. */
  private void commitOnceAllArrived() {
    List<Arrived> all;
    CompletableFuture<Void> theirs;
    synchronized (this) {
      if (arrived.isEmpty() || arrived.size() < open || failure != null) {
        return;
      }
      all = arrived;
      theirs = outcome;
      arrived = new ArrayList<>();
      outcome = new CompletableFuture<>();
    }
    try {
      commit(all);
      theirs.complete(null);
    } catch (RuntimeException | Error e) {
      theirs.completeExceptionally(e);
    }
  }

  private void commit(List<Arrived> all) {
    if (all.size() == 1) {
      Arrived alone = all.getFirst();
      alone.table().commit(alone.base(), alone.updated());
    } else {
      catalog.accept(all.stream().map(Arrived::commit).toList());
    }
  }

  /** A table as its transaction sees it: committing it is left to the batch. */
  private final class Member implements TableOperations {
    private final TableIdentifier name;
    private final TableOperations table;

    Member(TableIdentifier name, TableOperations table) {
      this.name = name;
      this.table = table;
    }

    @Override
    public TableMetadata current() {
      return table.current();
    }

    @Override
    public TableMetadata refresh() {
      return table.refresh();
    }

    @Override
    public void commit(TableMetadata base, TableMetadata metadata) {
      try {
        JointCommit.this.commit(new Arrived(name, table, base, metadata));
      } catch (CommitFailedException e) {
        // A server that commits one after the other may have come to this table.
        if (!isThere(metadata)) {
          throw e;
        }
      }
      if (!has(table.current(), metadata) && !isThere(metadata)) {
        throw new CommitStateUnknownException(
            new IllegalStateException(
                "%s: not in the table that the catalog shows".formatted(name)));
      }
    }

    /** After a failure here Iceberg must not remove the files of a commit that may be there. */
    private boolean isThere(TableMetadata committed) {
      try {
        return has(table.refresh(), committed);
      } catch (RuntimeException e) {
        throw new CommitStateUnknownException(e);
      }
    }

    private static boolean has(TableMetadata table, TableMetadata committed) {
      return table.currentSnapshot() != null
          && SnapshotUtil.ancestorIds(table.currentSnapshot(), table::snapshot)
              .contains(committed.currentSnapshot().snapshotId());
    }

    @Override
    public FileIO io() {
      return table.io();
    }

    @Override
    public EncryptionManager encryption() {
      return table.encryption();
    }

    @Override
    public String metadataFileLocation(String fileName) {
      return table.metadataFileLocation(fileName);
    }

    @Override
    public LocationProvider locationProvider() {
      return table.locationProvider();
    }

    @Override
    public TableOperations temp(TableMetadata uncommittedMetadata) {
      return table.temp(uncommittedMetadata);
    }

    @Override
    public long newSnapshotId() {
      return table.newSnapshotId();
    }

    @Override
    public boolean requireStrictCleanup() {
      return table.requireStrictCleanup();
    }
  }
}
