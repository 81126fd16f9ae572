package dev.firn.ingest;

import io.debezium.config.Configuration;
import io.debezium.document.Document;
import io.debezium.relational.history.AbstractSchemaHistory;
import io.debezium.relational.history.HistoryRecord;
import io.debezium.relational.history.HistoryRecordComparator;
import io.debezium.relational.history.SchemaHistoryListener;
import java.util.function.Consumer;

/**
 * Gives Debezium the definitions of the tables that the lake holds, and takes what becomes of them.
 *
 * <p>They are written down with the control table, before anything of the log behind them gets into
 * the lake.
 */
public final class LakeSchemaHistory extends AbstractSchemaHistory {
  /** Debezium makes the history itself, by its class's name; the run leaves its tables here. */
  private static volatile SchemaStatements current = new StatementHistory(SourceKind.SQLSERVER);

  private final SchemaStatements definitions = current;

  /** Sets what an engine that starts from now on goes on with. */
  static void use(SchemaStatements definitions) {
    current = definitions;
  }

  @Override
  public void configure(
      Configuration config,
      HistoryRecordComparator unused,
      SchemaHistoryListener unheard,
      boolean useCatalogBeforeSchema) {
    // Its own listener shows figures under a name that only one of a process can have.
    super.configure(config, new InLake(), SchemaHistoryListener.NOOP, useCatalogBeforeSchema);
  }

  @Override
  protected void storeRecord(HistoryRecord record) {
    definitions.add(record.document());
  }

  @Override
  protected void recoverRecords(Consumer<HistoryRecord> records) {
    definitions.all().forEach(document -> records.accept(new HistoryRecord(document)));
  }

  @Override
  public boolean exists() {
    return !definitions.all().isEmpty();
  }

  @Override
  public boolean storageExists() {
    return true;
  }

  private final class InLake extends HistoryRecordComparator {
    @Override
    protected boolean isPositionAtOrBefore(Document statement, Document resumed) {
      return definitions.isAtOrBefore(statement, resumed);
    }
  }
}
