package dev.firn.writer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;

/** Finds the tables of a lake that Firn keeps: those with its mark, control tables left out. */
public final class LakeTables {
  /** A table property: this is the changelog of the table it names. */
  public static final String CHANGELOG_OF = "firn.changelog-of";

  /** The tag of the snapshot that a table's changelog begins with. */
  public static final String BASELINE = Changelog.BASELINE;

  private LakeTables() {}

  /** The name of a table's changelog, whether there is one or not. */
  public static TableIdentifier changelogOf(TableIdentifier table) {
    return Changelog.nameFor(table);
  }

  /** All of them, by name. */
  public static List<TableIdentifier> in(Catalog catalog) {
    return all(catalog).stream().filter(name -> isOurs(catalog, name)).toList();
  }

  /** The control tables of all pipelines, by name. */
  public static List<TableIdentifier> controls(Catalog catalog) {
    return all(catalog).stream()
        .filter(name -> load(catalog, name).map(ControlTable::isOne).orElse(false))
        .toList();
  }

  /** All tables of a catalog, whoever keeps them, by name. */
  public static List<TableIdentifier> all(Catalog catalog) {
    if (!(catalog instanceof SupportsNamespaces namespaces)) {
      throw new PipelineException(
          "the catalog %s cannot list its namespaces".formatted(catalog.name()));
    }
    List<TableIdentifier> found = new ArrayList<>();
    for (Namespace namespace : namespaces.listNamespaces()) {
      collect(catalog, namespaces, namespace, found);
    }
    found.sort(Comparator.comparing(TableIdentifier::toString));
    return found;
  }

  /**
   * The table of a name in full, whoever keeps it; empty: there is none, or it is a control table.
   *
   * @param name such as shop.orders
   */
  public static Optional<TableIdentifier> named(Catalog catalog, String name) {
    TableIdentifier table = TableIdentifier.parse(name);
    if (!table.hasNamespace()) {
      return Optional.empty();
    }
    return load(catalog, table).filter(found -> !ControlTable.isOne(found)).map(found -> table);
  }

  private static void collect(
      Catalog catalog,
      SupportsNamespaces namespaces,
      Namespace namespace,
      List<TableIdentifier> found) {
    try {
      found.addAll(catalog.listTables(namespace));
      for (Namespace child : namespaces.listNamespaces(namespace)) {
        collect(catalog, namespaces, child, found);
      }
    } catch (NoSuchNamespaceException e) {
      // dropped since it was listed
    }
  }

  /**
   * The snapshot from which on a table's changelog tells all changes: that of its last reading from
   * the source. Empty while there is none.
   */
  public static Optional<Long> baseline(Catalog catalog, TableIdentifier table) {
    try {
      return Optional.ofNullable(catalog.loadTable(table).refs().get(Changelog.BASELINE))
          .map(SnapshotRef::snapshotId);
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether a table's main branch was set back to before the last commit of its pipeline. Until it
   * is set forward again no pipeline goes on with it.
   */
  public static boolean isRolledBack(Table table) {
    return Marks.isRolledBack(table);
  }

  static boolean isChangelog(Table table) {
    return table.properties().containsKey(CHANGELOG_OF);
  }

  private static boolean isOurs(Catalog catalog, TableIdentifier name) {
    return load(catalog, name)
        .filter(table -> Mark.in(table.properties()).isPresent() || isChangelog(table))
        .filter(table -> !ControlTable.isOne(table))
        .isPresent();
  }

  /** Empty: dropped since it was listed. */
  private static Optional<Table> load(Catalog catalog, TableIdentifier name) {
    try {
      return Optional.of(catalog.loadTable(name));
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }
}
