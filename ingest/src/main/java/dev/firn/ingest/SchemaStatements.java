package dev.firn.ingest;

import io.debezium.document.Array;
import io.debezium.document.Document;
import io.debezium.document.DocumentReader;
import io.debezium.document.DocumentWriter;
import io.debezium.document.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The definitions of a source's tables, statement by statement and in the order in which Debezium
 * has told of them: what is needed to read a log that does not describe its own rows. A note of the
 * control table keeps them. For any thread.
 */
abstract class SchemaStatements {
  /** What a statement has made of its tables. */
  static final String CHANGES = "tableChanges";

  /** Its text. */
  static final String STATEMENT = "ddl";

  private final List<Document> statements = new ArrayList<>();
  private boolean isNoted = true;

  /** None: before an initial snapshot. */
  SchemaStatements() {}

  /** Those that the control table keeps. */
  SchemaStatements(List<Document> noted) {
    statements.addAll(noted);
  }

  /** Whether its tables' definitions say all that it has done. */
  static boolean tellsOfTables(Document statement) {
    Array changes = statement.getArray(CHANGES);
    return changes != null && !changes.isEmpty();
  }

  /** Its text may hold a password, or a value. */
  static Document withoutText(Document statement) {
    Document kept = statement.clone();
    kept.remove(STATEMENT);
    return kept;
  }

  /** What of a statement is kept; empty: nothing. */
  abstract Optional<Document> kept(Document statement);

  /** Whether two that are kept are one statement, told twice. */
  abstract boolean isSame(Document one, Document other);

  /** Whether a statement counts where the log is resumed. */
  abstract boolean isAtOrBefore(Document statement, Document resumed);

  /** A statement that Debezium has read; it reads some again after a lost connection. */
  synchronized void add(Document statement) {
    kept(statement)
        .filter(kept -> statements.stream().noneMatch(known -> isSame(known, kept)))
        .ifPresent(kept -> {
          statements.add(kept);
          isNoted = false;
        });
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
    return Optional.of(text());
  }

  private String text() {
    Document all = Document.create();
    all.setArray("statements", Array.create(statements.stream().map(Value::create).toList()));
    try {
      return PackedNote.pack(DocumentWriter.defaultWriter().write(all));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The statements of a note. */
  static List<Document> noted(String note) {
    try {
      List<Document> documents = new ArrayList<>();
      for (Array.Entry entry :
          DocumentReader.defaultReader().read(PackedNote.unpack(note)).getArray("statements")) {
        documents.add(entry.getValue().asDocument());
      }
      return documents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
