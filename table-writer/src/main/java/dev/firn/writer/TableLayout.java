package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.PartitionField;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.ReplaceSortOrder;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.UpdatePartitionSpec;
import org.apache.iceberg.UpdateProperties;
import org.apache.iceberg.types.Types.NestedField;

/**
 * What is asked of a table's layout. What is not asked for stays as it is, whoever made it so.
 *
 * @param partitionBy how new files are partitioned; an empty list: not at all
 * @param sortBy in which order rows lie in a file; an empty list: in any
 * @param properties of the table
 */
public record TableLayout(
    Optional<List<LayoutTerm>> partitionBy,
    Optional<List<SortTerm>> sortBy,
    Map<String, String> properties) {
  /** Nothing is asked for. */
  public static final TableLayout ANY =
      new TableLayout(Optional.empty(), Optional.empty(), Map.of());

  /** What a setting says for no partitions. */
  public static final String UNPARTITIONED = "unpartitioned";

  /** What a setting says for no order. */
  public static final String UNSORTED = "unsorted";

  public TableLayout {
    partitionBy = requireNonNull(partitionBy, "partitionBy is null").map(List::copyOf);
    sortBy = requireNonNull(sortBy, "sortBy is null").map(List::copyOf);
    properties = Map.copyOf(properties);
  }

  /**
   * Reads terms between commas, such as {@code day(at), bucket(16, id), region}, or {@value
   * #UNPARTITIONED}.
   *
   * @throws LayoutException it is none
   */
  public static List<LayoutTerm> partitions(String text) {
    return text.strip().equals(UNPARTITIONED) ? List.of() : LayoutText.partitions(text);
  }

  /**
   * Reads terms between commas, such as {@code id, at desc nulls last}, or {@value #UNSORTED}.
   *
   * @throws LayoutException it is none
   */
  public static List<SortTerm> order(String text) {
    return text.strip().equals(UNSORTED) ? List.of() : LayoutText.order(text);
  }

  /** The columns that it speaks of. */
  public List<String> columns() {
    return Stream.concat(
            partitionBy.stream().flatMap(List::stream),
            sortBy.stream().flatMap(List::stream).map(SortTerm::term))
        .map(LayoutTerm::column)
        .distinct()
        .toList();
  }

  /** Those of them that a table does not have. */
  public List<String> missingIn(Schema schema) {
    return columns().stream().filter(column -> schema.findField(column) == null).toList();
  }

  /**
   * Looks whether a table of these columns can have it.
   *
   * @throws LayoutException it cannot
   */
  public void requireFits(Schema schema) {
    var unused = partitions(schema);
    var unusedToo = order(schema);
  }

  /** As a table of these columns has it from its making on. */
  PartitionSpec partitions(Schema schema) {
    List<LayoutTerm> terms = partitionBy.orElse(List.of());
    terms.forEach(term -> term.requireFits(schema));
    try {
      PartitionSpec.Builder spec = PartitionSpec.builderFor(schema);
      terms.forEach(term -> term.addTo(spec, fieldName(term, schema, List.of())));
      return spec.build();
    } catch (IllegalArgumentException e) {
      throw new LayoutException(String.valueOf(e.getMessage()));
    }
  }

  SortOrder order(Schema schema) {
    List<SortTerm> terms = sortBy.orElse(List.of());
    terms.forEach(term -> term.requireFits(schema));
    SortOrder.Builder order = SortOrder.builderFor(schema);
    terms.forEach(term -> term.addTo(order));
    return order.build();
  }

  /** A name of a partition field must be that of no column, but for the column as it is. */
  private static String fieldName(LayoutTerm term, Schema schema, List<PartitionField> others) {
    String name = term.fieldName();
    if (term.kind() == LayoutTerm.Kind.IDENTITY && name.equals(term.column())) {
      return name;
    }
    while (isTaken(name, schema, others)) {
      name += "_";
    }
    return name;
  }

  private static boolean isTaken(String name, Schema schema, List<PartitionField> others) {
    return schema.findField(name) != null
        || others.stream().anyMatch(other -> other.name().equals(name));
  }

  /** Whether a table has all of it. */
  boolean isIn(Table table) {
    return hasPartitions(table) && hasOrder(table) && lacking(table).isEmpty();
  }

  private boolean hasPartitions(Table table) {
    return partitionBy.isEmpty()
        || (partitionBy.orElseThrow().stream().allMatch(term -> isIn(table, term))
            && table.spec().fields().stream().allMatch(field -> isWanted(table, field)));
  }

  private static boolean isIn(Table table, LayoutTerm term) {
    return table.spec().fields().stream().anyMatch(field -> is(table.schema(), field, term));
  }

  private boolean isWanted(Table table, PartitionField field) {
    return partitionBy.orElse(List.of()).stream().anyMatch(term -> is(table.schema(), field, term));
  }

  private static boolean is(Schema schema, PartitionField field, LayoutTerm term) {
    NestedField column = schema.findField(term.column());
    return column != null
        && column.fieldId() == field.sourceId()
        && term.transformText().equals(field.transform().toString());
  }

  private boolean hasOrder(Table table) {
    if (sortBy.isEmpty()) {
      return true;
    }
    List<SortTerm> terms = sortBy.orElseThrow();
    List<SortField> fields = table.sortOrder().fields();
    return terms.size() == fields.size()
        && Stream.iterate(0, i -> i < terms.size(), i -> i + 1)
            .allMatch(i -> terms.get(i).is(fields.get(i), table.schema()));
  }

  private Map<String, String> lacking(Table table) {
    return properties.entrySet().stream()
        .filter(entry -> !entry.getValue().equals(table.properties().get(entry.getKey())))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /**
   * Asks for what a table lacks of it; files that are there stay as they are.
   *
   * @throws LayoutException the table's columns do not allow it
   */
  void addTo(Transaction transaction) {
    Table table = transaction.table();
    requireFits(table.schema());
    if (!hasPartitions(table)) {
      partition(transaction.updateSpec(), table);
    }
    if (!hasOrder(table)) {
      ReplaceSortOrder order = transaction.replaceSortOrder();
      sortBy.orElseThrow().forEach(term -> term.addTo(order));
      order.commit();
    }
    if (!lacking(table).isEmpty()) {
      UpdateProperties update = transaction.updateProperties();
      lacking(table).forEach(update::set);
      update.commit();
    }
  }

  private void partition(UpdatePartitionSpec update, Table table) {
    table.spec().fields().stream()
        .filter(field -> !isWanted(table, field) && !field.transform().isVoid())
        .forEach(field -> update.removeField(field.name()));
    partitionBy.orElseThrow().stream()
        .filter(term -> !isIn(table, term))
        .forEach(term ->
            update.addField(
                fieldName(term, table.schema(), table.spec().fields()), term.expression()));
    update.commit();
  }

  /** For people. */
  @Override
  public String toString() {
    List<String> said =
        Stream.of(
                partitionBy.map(terms -> "partitioned by " + terms),
                sortBy.map(terms -> "sorted by " + terms),
                Optional.of(properties)
                    .filter(all -> !all.isEmpty())
                    .map(all -> "properties " + all.keySet().stream().sorted().toList()))
            .flatMap(Optional::stream)
            .toList();
    return String.join(", ", said);
  }
}
