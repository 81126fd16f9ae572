package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.BaseMetastoreCatalog;
import org.apache.iceberg.BaseMetastoreTableOperations;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.io.FileIO;
import org.jspecify.annotations.Nullable;

/**
 * One process's view of a catalog in memory: commits are compare-and-swap on the metadata location,
 * as in every metastore catalog, and fail as {@link Faults} says.
 */
public final class FaultyCatalog extends BaseMetastoreCatalog implements SupportsNamespaces {
  /** What the name of a log beside the control table ends with. */
  private static final String QUARANTINE = "_quarantine";

  private final MemoryStorage storage;
  private final Faults faults;
  private final Namespace control;
  private final FileIO io;

  /**
   * @param control the namespace whose tables are control tables, but for a quarantine
   */
  public FaultyCatalog(MemoryStorage storage, Faults faults, Namespace control) {
    this.storage = requireNonNull(storage, "storage is null");
    this.faults = requireNonNull(faults, "faults is null");
    this.control = requireNonNull(control, "control is null");
    this.io = new FaultyFileIO(storage, faults);
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  protected TableOperations newTableOps(TableIdentifier table) {
    return new Operations(table);
  }

  @Override
  protected String defaultWarehouseLocation(TableIdentifier table) {
    return "memory://lake/" + table.toString().replace('.', '/');
  }

  @Override
  public List<TableIdentifier> listTables(Namespace namespace) {
    faults.checkAlive();
    loadNamespaceMetadata(namespace);
    return storage.pointers().keySet().stream()
        .filter(table -> table.namespace().equals(namespace))
        .toList();
  }

  @Override
  public boolean dropTable(TableIdentifier table, boolean purge) {
    faults.checkAlive();
    Optional<TableMetadata> last =
        purge ? Optional.ofNullable(newTableOps(table).current()) : Optional.empty();
    boolean dropped = storage.drop(table);
    last.ifPresent(metadata -> CatalogUtil.dropTableData(io, metadata));
    return dropped;
  }

  @Override
  public void renameTable(TableIdentifier from, TableIdentifier to) {
    throw new UnsupportedOperationException("renaming tables");
  }

  @Override
  public void createNamespace(Namespace namespace, Map<String, String> metadata) {
    faults.checkAlive();
    if (storage.namespaces().putIfAbsent(namespace, Map.copyOf(metadata)) != null) {
      throw new AlreadyExistsException("Namespace exists: %s", namespace);
    }
  }

  @Override
  public List<Namespace> listNamespaces(Namespace namespace) {
    faults.checkAlive();
    return storage.namespaces().keySet().stream()
        .filter(child -> child.length() == namespace.length() + 1)
        .filter(child -> child.toString().startsWith(namespace.toString()))
        .toList();
  }

  @Override
  public Map<String, String> loadNamespaceMetadata(Namespace namespace) {
    faults.checkAlive();
    Map<String, String> metadata = storage.namespaces().get(namespace);
    if (metadata == null) {
      throw new NoSuchNamespaceException("No such namespace: %s", namespace);
    }
    return metadata;
  }

  @Override
  public boolean dropNamespace(Namespace namespace) {
    faults.checkAlive();
    return storage.namespaces().remove(namespace) != null;
  }

  @Override
  public boolean setProperties(Namespace namespace, Map<String, String> properties) {
    Map<String, String> changed = new HashMap<>(loadNamespaceMetadata(namespace));
    changed.putAll(properties);
    storage.namespaces().put(namespace, Map.copyOf(changed));
    return true;
  }

  @Override
  public boolean removeProperties(Namespace namespace, Set<String> properties) {
    Map<String, String> changed = new HashMap<>(loadNamespaceMetadata(namespace));
    changed.keySet().removeAll(properties);
    storage.namespaces().put(namespace, Map.copyOf(changed));
    return true;
  }

  private final class Operations extends BaseMetastoreTableOperations {
    private final TableIdentifier table;
    private final boolean isControl;

    Operations(TableIdentifier table) {
      this.table = table;
      this.isControl = table.namespace().equals(control) && !table.name().endsWith(QUARANTINE);
    }

    @Override
    protected String tableName() {
      return table.toString();
    }

    @Override
    public FileIO io() {
      return io;
    }

    @Override
    protected void doRefresh() {
      FaultPoint point = isControl ? FaultPoint.CONTROL_LOAD : FaultPoint.TABLE_LOAD;
      Optional<String> location = faults.pass(point, tableName(), () -> storage.pointer(table));
      if (location.isPresent()) {
        // No retries: they sleep.
        refreshFromMetadataLocation(location.orElseThrow(), null, 0, this::parsed);
      } else if (currentMetadataLocation() == null) {
        disableRefresh();
      } else {
        throw new NoSuchTableException("No such table: %s", table);
      }
    }

    private TableMetadata parsed(String location) {
      return storage.metadata(table, location, () -> TableMetadataParser.read(io, location));
    }

    @Override
    protected void doCommit(@Nullable TableMetadata base, TableMetadata metadata) {
      if (base == null) {
        loadNamespaceMetadata(table.namespace());
      }
      String location = writeNewMetadataIfRequired(base == null, metadata);
      Optional<String> expected =
          Optional.ofNullable(base).map(TableMetadata::metadataFileLocation);
      FaultPoint point = CommitSteps.of(base, metadata, isControl);
      boolean swapped =
          faults.pass(point, tableName(), () -> storage.swap(table, expected, location));
      if (!swapped) {
        storage.delete(location);
        throw refused(base == null);
      }
    }

    private RuntimeException refused(boolean create) {
      if (create) {
        return new AlreadyExistsException("Table exists: %s", table);
      }
      return storage.pointer(table).isPresent()
          ? new CommitFailedException("Another commit to %s was first", table)
          : new NoSuchTableException("No such table: %s", table);
    }
  }
}
