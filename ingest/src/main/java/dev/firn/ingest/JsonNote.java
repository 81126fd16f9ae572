package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.Pipeline;
import java.util.Map;
import java.util.Optional;

/** A map that the control table keeps as a note, in JSON. */
final class JsonNote {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonNote() {}

  /** Empty where there is no note of the name. */
  static <T> Optional<T> read(Pipeline pipeline, String name, TypeReference<T> type) {
    return pipeline.note(name).map(text -> parse(name, text, type));
  }

  /** The same of notes that were read without taking the pipeline over. */
  static <T> Optional<T> read(Map<String, String> notes, String name, TypeReference<T> type) {
    return Optional.ofNullable(notes.get(name)).map(text -> parse(name, text, type));
  }

  private static <T> T parse(String name, String text, TypeReference<T> type) {
    try {
      return JSON.readValue(text, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("not a note of %s: %s".formatted(name, text), e);
    }
  }

  /** What such a note consists of. */
  static String text(Map<String, ?> notes) {
    try {
      return JSON.writeValueAsString(notes);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a note that is no JSON", e);
    }
  }

  /**
   * Writes it down, if it has changed; one that is missing is as one without entries. Not while
   * batches are being committed.
   *
   * @param notes in an order that is always the same
   */
  static void write(Pipeline pipeline, String name, Map<String, ?> notes) {
    String text = text(notes);
    if (!pipeline.note(name).orElse(text(Map.of())).equals(text)) {
      pipeline.note(name, text);
    }
  }
}
