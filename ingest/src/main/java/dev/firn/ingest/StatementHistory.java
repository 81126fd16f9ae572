package dev.firn.ingest;

import io.debezium.document.Document;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The definitions of SQL Server's tables. */
final class StatementHistory extends SchemaStatements {
  /** The note of the control table that keeps them. */
  static final String NOTE = "statements";

  private static final String TOLD_AT = "ts_ms";
  private static final String COMMIT = "commit_lsn";

  StatementHistory() {}

  private StatementHistory(List<Document> noted) {
    super(noted);
  }

  static StatementHistory read(String note) {
    return new StatementHistory(noted(note));
  }

  @Override
  Optional<Document> kept(Document statement) {
    return Optional.of(statement);
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
   * By the commits. Debezium's own order goes by the place within a transaction, which an offset of
   * the lake does not have: every change of columns would seem to lie ahead.
   */
  @Override
  boolean isAtOrBefore(Document statement, Document resumed) {
    return statement.has("snapshot") || lsn(statement).compareTo(lsn(resumed)) <= 0;
  }

  /** Digits of a fixed width, whose order is that of the log. */
  private static String lsn(Document position) {
    String lsn = position.getString(COMMIT);
    return lsn == null ? "" : lsn.toLowerCase(Locale.ROOT);
  }
}
