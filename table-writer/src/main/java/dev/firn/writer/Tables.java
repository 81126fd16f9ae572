package dev.firn.writer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;

/** Makes tables as Firn wants them. */
final class Tables {
  /**
   * A branch of its own with one empty snapshot, never moved: while some snapshot is not in main's
   * history, Iceberg's expiry does not delete a Puffin file that a live vector still uses.
   */
  static final String GUARD_BRANCH = "firn_guard";

  private static final Map<String, String> DEFAULTS =
      Map.of(
          "write.parquet.compression-codec", "zstd",
          "write.parquet.compression-level", "1",
          "write.metadata.delete-after-commit.enabled", "true",
          "write.metadata.previous-versions-max", "20",
          "commit.manifest.min-count-to-merge", "10");

  private final Catalog catalog;
  private final PipelineSettings settings;

  Tables(Catalog catalog, PipelineSettings settings) {
    this.catalog = catalog;
    this.settings = settings;
  }

  /**
   * Makes a table as it is wanted; a layout of columns that are to come waits for these.
   *
   * @throws LayoutException its columns do not allow its layout
   */
  Table create(TableDefinition definition) {
    Schema schema = schema(definition);
    TableLayout layout =
        definition.layout().missingIn(schema).isEmpty() ? definition.layout() : TableLayout.ANY;
    return create(
        definition.table(),
        schema,
        layout.partitions(schema),
        layout.order(schema),
        settings.formatVersion(),
        layout.properties());
  }

  /** Makes the changelog of a table. */
  Table createChangelog(TableDefinition definition) {
    Schema schema = Changelog.schema(definition);
    return create(
        Changelog.nameFor(definition.table()),
        schema,
        Changelog.partitions(schema),
        SortOrder.unsorted(),
        settings.formatVersion(),
        Changelog.properties(definition));
  }

  /** Makes the quarantine of the pipeline. */
  Table createQuarantine(TableIdentifier name) {
    Schema schema = Quarantine.schema();
    return create(
        name,
        schema,
        Changelog.partitions(schema),
        SortOrder.unsorted(),
        settings.formatVersion(),
        Quarantine.properties(settings));
  }

  Table create(TableIdentifier name, Schema schema, int formatVersion) {
    return create(
        name, schema, PartitionSpec.unpartitioned(), SortOrder.unsorted(), formatVersion, Map.of());
  }

  private Table create(
      TableIdentifier name,
      Schema schema,
      PartitionSpec partitions,
      SortOrder order,
      int formatVersion,
      Map<String, String> own) {
    createNamespace(name.namespace());
    Map<String, String> properties = new HashMap<>(DEFAULTS);
    properties.putAll(settings.tableProperties());
    properties.putAll(own);
    properties.put("format-version", Integer.toString(formatVersion));
    try {
      Transaction transaction =
          catalog
              .buildTable(name, schema)
              .withPartitionSpec(partitions)
              .withSortOrder(order)
              .withProperties(properties)
              .createTransaction();
      guard(transaction);
      transaction.commitTransaction();
    } catch (AlreadyExistsException e) {
      // somebody was faster; the claim decides who goes on
    }
    return catalog.loadTable(name);
  }

  private static void guard(Transaction transaction) {
    transaction.newFastAppend().toBranch(GUARD_BRANCH).commit();
    transaction.manageSnapshots().setMaxRefAgeMs(GUARD_BRANCH, Long.MAX_VALUE).commit();
  }

  private void createNamespace(Namespace namespace) {
    if (catalog instanceof SupportsNamespaces namespaces
        && !namespaces.namespaceExists(namespace)) {
      try {
        namespaces.createNamespace(namespace);
      } catch (AlreadyExistsException e) {
        // as wanted
      }
    }
  }

  private static Schema schema(TableDefinition definition) {
    Set<String> key = Set.copyOf(definition.key());
    List<NestedField> columns =
        definition.schema().columns().stream()
            .map(column -> key.contains(column.name()) ? column.asRequired() : column)
            .toList();
    Set<Integer> identifiers =
        columns.stream()
            .filter(column -> key.contains(column.name()))
            .map(NestedField::fieldId)
            .collect(Collectors.toSet());
    return new Schema(columns, mayIdentify(columns, identifiers) ? identifiers : Set.of());
  }

  /** Iceberg takes no floating point number for an identifier field. */
  private static boolean mayIdentify(List<NestedField> columns, Set<Integer> identifiers) {
    return columns.stream()
        .filter(column -> identifiers.contains(column.fieldId()))
        .map(column -> column.type().typeId())
        .noneMatch(type -> type == Type.TypeID.FLOAT || type == Type.TypeID.DOUBLE);
  }

  /**
   * The key of an existing table. The source may be ahead of the events that are still to come, so
   * that it is asked only where the table does not tell: of a floating point number, or none.
   */
  static List<String> keyOf(TableDefinition definition, Table table) {
    Set<String> identifiers = table.schema().identifierFieldNames();
    if (!identifiers.isEmpty()) {
      return table.schema().columns().stream()
          .map(NestedField::name)
          .filter(identifiers::contains)
          .toList();
    }
    boolean fits =
        definition.key().stream()
            .map(table.schema()::findField)
            .allMatch(column -> column != null && column.isRequired());
    return fits ? definition.key() : List.of();
  }
}
