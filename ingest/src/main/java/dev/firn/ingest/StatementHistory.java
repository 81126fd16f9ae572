package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.document.Document;
import io.debezium.document.DocumentReader;
import io.debezium.document.DocumentWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The definitions of a source's tables, statement by statement and in the order in which Debezium
 * has told of them. The control table keeps them. For any thread.
 */
final class StatementHistory {
  /** The note of the control table that keeps them. */
  static final String NOTE = "statements";

  private static final String TOLD_AT = "ts_ms";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Document> statements = new ArrayList<>();
  private boolean isNoted = true;

  static StatementHistory read(String note) {
    StatementHistory history = new StatementHistory();
    try {
      for (String text :
          JSON.readValue(PackedNote.unpack(note), new TypeReference<List<String>>() {})) {
        history.statements.add(DocumentReader.defaultReader().read(text));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return history;
  }

  /** A statement; Debezium tells of some again after a lost connection. */
  synchronized void add(Document statement) {
    if (statements.stream().noneMatch(known -> isSame(known, statement))) {
      statements.add(statement);
      isNoted = false;
    }
  }

  private static boolean isSame(Document one, Document other) {
    return withoutTime(one).equals(withoutTime(other));
  }

  private static Document withoutTime(Document statement) {
    Document copy = statement.clone();
    copy.remove(TOLD_AT);
    return copy;
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
    try {
      return Optional.of(
          PackedNote.pack(
              JSON.writeValueAsString(statements.stream().map(StatementHistory::text).toList())));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("statements that are no JSON", e);
    }
  }

  private static String text(Document statement) {
    try {
      return DocumentWriter.defaultWriter().write(statement);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
