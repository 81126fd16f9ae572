package dev.firn.compaction.retention;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;

/** A catalog of which commits of metadata do what a test wants, each the next thing. */
final class FaultyTables implements Catalog {
  private final Catalog catalog;
  private final Deque<Consumer<Runnable>> next = new ArrayDeque<>();

  FaultyTables(Catalog catalog) {
    this.catalog = catalog;
  }

  /** Before the next commit somebody else does this. */
  FaultyTables meanwhile(Runnable deed) {
    next.add(commit -> {
      deed.run();
      commit.run();
    });
    return this;
  }

  /** The next commit happens, and nobody learns of it. */
  FaultyTables losesTheAnswer() {
    next.add(commit -> {
      commit.run();
      throw new CommitStateUnknownException(new IllegalStateException("lost on purpose"));
    });
    return this;
  }

  /** The next commit does not happen, and nobody learns of that either. */
  FaultyTables losesTheRequest() {
    next.add(commit -> {
      throw new CommitStateUnknownException(new IllegalStateException("lost on purpose"));
    });
    return this;
  }

  @Override
  public Table loadTable(TableIdentifier name) {
    Table table = catalog.loadTable(name);
    return new BaseTable(new Operations(((HasTableOperations) table).operations()), table.name());
  }

  @Override
  public List<TableIdentifier> listTables(Namespace namespace) {
    return catalog.listTables(namespace);
  }

  @Override
  public boolean dropTable(TableIdentifier name, boolean purge) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void renameTable(TableIdentifier from, TableIdentifier to) {
    throw new UnsupportedOperationException();
  }

  private final class Operations implements TableOperations {
    private final TableOperations operations;

    Operations(TableOperations operations) {
      this.operations = operations;
    }

    @Override
    public TableMetadata current() {
      return operations.current();
    }

    @Override
    public TableMetadata refresh() {
      return operations.refresh();
    }

    @Override
    public void commit(TableMetadata base, TableMetadata updated) {
      Consumer<Runnable> fault = next.isEmpty() ? Runnable::run : next.remove();
      fault.accept(() -> operations.commit(base, updated));
    }

    @Override
    public FileIO io() {
      return operations.io();
    }

    @Override
    public String metadataFileLocation(String file) {
      return operations.metadataFileLocation(file);
    }

    @Override
    public LocationProvider locationProvider() {
      return operations.locationProvider();
    }
  }
}
