package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import io.debezium.document.Array;
import io.debezium.document.Document;
import io.debezium.document.DocumentReader;
import io.debezium.document.DocumentWriter;
import io.debezium.document.Value;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The definitions of the source's tables, statement by statement, as Debezium tells of them: what
 * is needed to read the log, which does not describe its own rows. For any thread.
 */
final class TableDefinitions {
  /** The note of the control table that keeps them. */
  static final String NOTE = "table-definitions";

  private static final String POSITION = "position";
  private static final String CHANGES = "tableChanges";
  private static final String STATEMENT = "ddl";

  /** What, with the place in the log, makes a statement the same. */
  private static final List<String> SAME = List.of("databaseName", STATEMENT, CHANGES);

  /** Statements about no table that matter: a database or the server gets a character set. */
  private static final Pattern CHARACTER_SETS =
      Pattern.compile(
          "\\s*((CREATE|ALTER|DROP)\\s+(OR\\s+REPLACE\\s+)?(DATABASE|SCHEMA)\\b|SET\\s+(@@|GLOBAL\\s|SESSION\\s|\\w*(char|coll))).*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private final List<Document> statements = new ArrayList<>();
  private boolean isNoted = true;

  /** None: before an initial snapshot. */
  TableDefinitions() {}

  /**
   * Those that the control table keeps, as of the lake's position. What came later is told again by
   * the log; of what came before only the newest of each table counts.
   *
   * @param resumed the GTIDs that the lake's offset names
   */
  static TableDefinitions read(String note, String resumed) {
    TableDefinitions read = new TableDefinitions();
    List<Document> kept =
        documents(note).stream()
            .filter(each -> isSnapshot(each) || !BinlogLog.coversGtids(gtids(each), resumed))
            .toList();
    read.statements.addAll(newest(kept));
    return read;
  }

  /** A statement that Debezium has read; it reads some again after a lost connection. */
  synchronized void add(Document statement) {
    Document kept = statement.clone();
    if (tellsOfTables(kept)) {
      // It may hold a password, as of a connection, and is not needed.
      kept.remove(STATEMENT);
    } else if (!CHARACTER_SETS.matcher(String.valueOf(kept.getString(STATEMENT))).matches()) {
      return;
    }
    if (statements.stream().noneMatch(known -> isSame(known, kept))) {
      statements.add(kept);
      isNoted = false;
    }
  }

  private static boolean tellsOfTables(Document statement) {
    Array changes = statement.getArray(CHANGES);
    return changes != null && !changes.isEmpty();
  }

  private static boolean isSame(Document one, Document other) {
    return gtids(one).equals(gtids(other))
        && SAME.stream().allMatch(key -> Objects.equals(one.get(key), other.get(key)));
  }

  synchronized List<Document> all() {
    return List.copyOf(statements);
  }

  /** The text to note, if there is something new. */
  synchronized Optional<String> takeNote() {
    if (isNoted) {
      return Optional.empty();
    }
    isNoted = true;
    return Optional.of(text(statements));
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

  private static String text(List<Document> statements) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream packed = new GZIPOutputStream(bytes)) {
      Document all = Document.create();
      all.setArray("statements", Array.create(statements.stream().map(Value::create).toList()));
      DocumentWriter.defaultWriter().write(all, packed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static List<Document> documents(String note) {
    try (GZIPInputStream packed =
        new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(note)))) {
      Array all = DocumentReader.defaultReader().read(packed).getArray("statements");
      List<Document> documents = new ArrayList<>();
      for (Array.Entry entry : all) {
        documents.add(entry.getValue().asDocument());
      }
      return documents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
