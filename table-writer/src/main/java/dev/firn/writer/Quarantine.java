package dev.firn.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;

/**
 * The quarantine of a pipeline: a log of the events that the tables could not take as they are, of
 * the form of a changelog. What it tells of a table is settled once that has been read again, which
 * it tells as well.
 */
public final class Quarantine {
  public static final String KIND = "kind";
  public static final String SOURCE_TABLE = "source_table";
  public static final String LAKE_TABLE = "lake_table";
  public static final String COLUMN = "column_name";
  public static final String REASON = "reason";
  public static final String EVENT = "event";

  private static final String SUFFIX = "_quarantine";
  private static final String READ = "r";

  /** What an entry tells. */
  public enum Kind {
    /** A value is {@code null} in the lake. */
    VALUE("value"),
    /** Nothing of the event is in its table. */
    EVENT("event"),
    /** The table was read again: what is told of it before is settled. */
    TABLE_READ("table read");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** As the table has it. */
    public String text() {
      return text;
    }
  }

  private static final List<NestedField> ENTRY =
      List.of(
          field(
              1,
              KIND,
              "value: it is null in the lake; event: nothing of it is in the lake; table read: what is told of the table before is settled"),
          field(2, SOURCE_TABLE, "the table at the source"),
          field(3, LAKE_TABLE, "the table in the lake"),
          field(4, COLUMN, "of the value"),
          field(5, REASON, "why"),
          field(6, EVENT, "the event as JSON"));

  private static final Schema ENTRIES = new Schema(ENTRY);

  private Quarantine() {}

  private static NestedField field(int id, String name, String doc) {
    return NestedField.optional(id, name, Types.StringType.get(), doc);
  }

  /** The table that is the quarantine of a pipeline. */
  public static TableIdentifier of(PipelineSettings settings) {
    TableIdentifier control = settings.controlTable();
    return TableIdentifier.of(control.namespace(), control.name() + SUFFIX);
  }

  static Schema schema() {
    List<NestedField> fields = new ArrayList<>(Changelog.OWN);
    ENTRY.forEach(field ->
        fields.add(
            NestedField.optional(fields.size() + 1, field.name(), field.type(), field.doc())));
    return new Schema(fields);
  }

  /** It is the changelog of no table, so that of the pipeline. */
  static Map<String, String> properties(PipelineSettings settings) {
    return Map.of(LakeTables.CHANGELOG_OF, settings.controlTable().toString());
  }

  /** An entry, as the log's rows are made of. */
  static ChangelogRow entry(TableIdentifier table, SetAside aside, TransactionEnd end, int order) {
    Record row = GenericRecord.create(ENTRIES);
    row.setField(KIND, aside.column().map(any -> Kind.VALUE).orElse(Kind.EVENT).text());
    row.setField(SOURCE_TABLE, aside.source());
    row.setField(LAKE_TABLE, table.toString());
    row.setField(COLUMN, aside.column().orElse(null));
    row.setField(REASON, aside.reason());
    row.setField(EVENT, aside.event());
    return new ChangelogRow(ChangelogRow.Op.of(aside.op()), row, end, order);
  }

  /** The entry that a table was read again. */
  static ChangelogRow read(TableIdentifier table, TransactionEnd end) {
    Record row = GenericRecord.create(ENTRIES);
    row.setField(KIND, Kind.TABLE_READ.text());
    row.setField(LAKE_TABLE, table.toString());
    return new ChangelogRow(ChangelogRow.Op.of(READ), row, end, 0);
  }
}
