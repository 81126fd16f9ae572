package dev.firn.ingest;

import io.debezium.config.Configuration;
import io.debezium.document.Document;
import io.debezium.relational.history.AbstractSchemaHistory;
import io.debezium.relational.history.HistoryRecord;
import io.debezium.relational.history.HistoryRecordComparator;
import io.debezium.relational.history.SchemaHistoryListener;
import java.util.function.Consumer;

/**
 * Gives Debezium's SQL Server connector the definitions of the tables that the lake holds, and
 * takes what becomes of them.
 */
public final class LakeStatements extends AbstractSchemaHistory {
  /** Debezium makes the history itself, by its class's name; the run leaves its own here. */
  private static volatile StatementHistory current = new StatementHistory();

  private final StatementHistory statements = current;

  /** Sets what an engine that starts from now on goes on with. */
  static void use(StatementHistory statements) {
    current = statements;
  }

  @Override
  public void configure(
      Configuration config,
      HistoryRecordComparator unused,
      SchemaHistoryListener unheard,
      boolean useCatalogBeforeSchema) {
    // Its own listener shows figures under a name that only one of a process can have.
    super.configure(config, new ByCommit(), SchemaHistoryListener.NOOP, useCatalogBeforeSchema);
  }

  @Override
  protected void storeRecord(HistoryRecord statement) {
    statements.add(statement.document());
  }

  @Override
  protected void recoverRecords(Consumer<HistoryRecord> records) {
    statements.all().forEach(document -> records.accept(new HistoryRecord(document)));
  }

  @Override
  public boolean exists() {
    return !statements.all().isEmpty();
  }

  @Override
  public boolean storageExists() {
    return true;
  }

  /**
   * By the commits. Debezium's own order goes by the place within a transaction, which an offset of
   * the lake does not have: every change of columns would seem to lie ahead.
   */
  static final class ByCommit extends HistoryRecordComparator {
    private static final String COMMIT = "commit_lsn";

    @Override
    protected boolean isPositionAtOrBefore(Document statement, Document resumed) {
      return statement.has("snapshot") || lsn(statement).compareTo(lsn(resumed)) <= 0;
    }

    /** Digits of a fixed width, whose order is that of the log. */
    private static String lsn(Document position) {
      String lsn = position.getString(COMMIT);
      return lsn == null ? "" : lsn.toLowerCase(java.util.Locale.ROOT);
    }
  }
}
