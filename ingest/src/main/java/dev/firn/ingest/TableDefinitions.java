package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import io.debezium.document.Array;
import io.debezium.document.Document;
import io.debezium.document.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/** The definitions of the tables of a MariaDB or MySQL. */
final class TableDefinitions extends SchemaStatements {
  /** The note of the control table that keeps them. */
  static final String NOTE = "table-definitions";

  private static final String POSITION = "position";

  /** What, with the place in the log, makes a statement the same. */
  private static final List<String> SAME = List.of("databaseName", STATEMENT, CHANGES);

  /** Statements about no table that matter: a database or the server gets a character set. */
  private static final Pattern CHARACTER_SETS =
      Pattern.compile(
          "\\s*((CREATE|ALTER|DROP)\\s+(OR\\s+REPLACE\\s+)?(DATABASE|SCHEMA)\\b|SET\\s+(@@|GLOBAL\\s|SESSION\\s|\\w*(char|coll))).*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private final BinlogLog log;

  /**
   * None: before an initial snapshot.
   *
   * @param log what its GTIDs mean
   */
  TableDefinitions(BinlogLog log) {
    this.log = log;
  }

  private TableDefinitions(BinlogLog log, List<Document> noted) {
    super(noted);
    this.log = log;
  }

  /**
   * Those that the control table keeps, as of the lake's position. What came later is told again by
   * the log; of what came before only the newest of each table counts.
   *
   * @param resumed the GTIDs that the lake's offset names
   */
  static TableDefinitions read(BinlogLog log, String note, String resumed) {
    return new TableDefinitions(
        log, newest(noted(note).stream().filter(each -> isBefore(log, each, resumed)).toList()));
  }

  /** Texts may hold a password, as of a connection, and most are not needed. */
  @Override
  Optional<Document> kept(Document statement) {
    if (!tellsOfTables(statement)) {
      String text = String.valueOf(statement.getString(STATEMENT));
      return Optional.of(statement).filter(each -> CHARACTER_SETS.matcher(text).matches());
    }
    return Optional.of(withoutText(statement));
  }

  /** By the order of the log, in which a statement tells of what was complete before it. */
  @Override
  boolean isAtOrBefore(Document statement, Document resumed) {
    return isBefore(log, statement, gtids(resumed));
  }

  private static boolean isBefore(BinlogLog log, Document statement, String resumed) {
    return isSnapshot(statement) || !log.covers(gtids(statement), resumed);
  }

  @Override
  boolean isSame(Document one, Document other) {
    return gtids(one).equals(gtids(other))
        && SAME.stream().allMatch(key -> Objects.equals(one.get(key), other.get(key)));
  }

  /** What was complete in the log before a statement. */
  static String gtids(Document statementOrPosition) {
    Document position =
        Optional.ofNullable(statementOrPosition.getDocument(POSITION)).orElse(statementOrPosition);
    return Optional.ofNullable(position.getString("gtids")).orElse("");
  }

  /** Whether the initial snapshot has read it. */
  static boolean isSnapshot(Document statementOrPosition) {
    Document position =
        Optional.ofNullable(statementOrPosition.getDocument(POSITION)).orElse(statementOrPosition);
    return position.has("snapshot");
  }

  /** Statements of databases in their order, and the newest definition of each table. */
  private static List<Document> newest(List<Document> statements) {
    Map<String, Document> newest = new LinkedHashMap<>();
    for (Document statement : statements) {
      if (!tellsOfTables(statement)) {
        String key = statement.getString("databaseName") + "\n" + statement.getString(STATEMENT);
        newest.remove(key);
        newest.put(key, statement);
        continue;
      }
      for (Array.Entry entry : statement.getArray(CHANGES)) {
        take(newest, statement, entry.getValue().asDocument());
      }
    }
    return List.copyOf(newest.values());
  }

  private static void take(Map<String, Document> newest, Document statement, Document change) {
    Optional.ofNullable(change.getString("previousId")).ifPresent(newest::remove);
    String id = change.getString("id");
    newest.remove(id);
    if (!"DROP".equals(change.getString("type"))) {
      change.setString("type", "CREATE");
      change.remove("previousId");
      Document alone = statement.clone();
      alone.setArray(CHANGES, Array.create(Value.create(change)));
      newest.put(id, alone);
    }
  }
}
