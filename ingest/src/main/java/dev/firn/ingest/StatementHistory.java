package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.OracleLog;
import io.debezium.document.Document;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The definitions of the tables of a source of which only its events tell. */
final class StatementHistory extends SchemaStatements {
  /** The note of the control table that keeps them. */
  static final String NOTE = "statements";

  private static final String TOLD_AT = "ts_ms";
  private static final String LSN = "commit_lsn";
  private static final String SCN = "commit_scn";

  private final SourceKind kind;

  StatementHistory(SourceKind kind) {
    this.kind = requireNonNull(kind, "kind is null");
  }

  private StatementHistory(SourceKind kind, List<Document> noted) {
    super(noted);
    this.kind = requireNonNull(kind, "kind is null");
  }

  static StatementHistory read(SourceKind kind, String note) {
    return new StatementHistory(kind, noted(note));
  }

  @Override
  Optional<Document> kept(Document statement) {
    return Optional.of(tellsOfTables(statement) ? withoutText(statement) : statement);
  }

  @Override
  boolean isSame(Document one, Document other) {
    return withoutTime(one).equals(withoutTime(other));
  }

  private static Document withoutTime(Document statement) {
    Document copy = statement.clone();
    copy.remove(TOLD_AT);
    return copy;
  }

  /**
   * By the commits. Debezium's own orders go by the place within a transaction, which an offset of
   * the lake does not have (SQL Server), and by the begin of the oldest open transaction, which is
   * the same before and after a statement (Oracle): it would be forgotten, or applied twice.
   */
  @Override
  boolean isAtOrBefore(Document statement, Document resumed) {
    return statement.has("snapshot")
        || switch (kind) {
          case SQLSERVER -> lsn(statement).compareTo(lsn(resumed)) <= 0;
          // What it has not reached the reader meets again, and applies.
          case ORACLE -> OracleLog.hasReached(resumed.getString(SCN), statement.getString(SCN));
          case POSTGRES, MARIADB, MYSQL, MONGODB ->
              throw new IllegalStateException("no statements are told by " + kind);
        };
  }

  /** Digits of a fixed width, whose order is that of the log. */
  private static String lsn(Document position) {
    String lsn = position.getString(LSN);
    return lsn == null ? "" : lsn.toLowerCase(Locale.ROOT);
  }
}
