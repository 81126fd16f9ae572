package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.Pipeline;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * That a table has to be read (again) beside the stream.
 *
 * @param why for people
 * @param oid the table's object id at the source, if it is known; else 0
 */
record ReadingRequest(SourceTable table, String why, long oid) {
  /** Why a table is read that was made anew at the source, under a name that the lake knows. */
  static final String RECREATED = "made anew at the source";

  /** What the reason begins with when changes of the table may not have been in the log. */
  static final String GAP = "changes may be missing: ";

  /** What the reason begins with when the table's columns had no place in the lake. */
  static final String SET_ASIDE = "set aside: ";

  private static final Logger LOG = LoggerFactory.getLogger(ReadingRequest.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RESNAPSHOT = "resnapshot";
  private static final String ASKED = "asked for by firn resnapshot";

  ReadingRequest {
    requireNonNull(table, "table is null");
    requireNonNull(why, "why is null");
  }

  ReadingRequest(SourceTable table, String why) {
    this(table, why, 0);
  }

  /** Whether the rows that the lake has are those of another table. */
  boolean isAfresh() {
    return why.equals(RECREATED);
  }

  /** Whether a change of the table lacked a value that the lake lacks as well. */
  boolean isIncomplete() {
    return why.equals(Pipeline.INCOMPLETE);
  }

  /** Whether changes of the table may not have been in the log. */
  boolean isGap() {
    return why.startsWith(GAP);
  }

  /** The prefix of the messages in the source's log that are meant for a pipeline. */
  static String prefix(String pipeline) {
    return "firn." + pipeline;
  }

  /** The message that asks for these tables. */
  static String message(List<SourceTable> tables) {
    try {
      return JSON.writeValueAsString(
          Map.of(RESNAPSHOT, tables.stream().map(SourceTable::toString).toList()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a list of names that is no JSON", e);
    }
  }

  /** What a message asks for; one that cannot be read is left alone, with a line in the log. */
  static List<ReadingRequest> parse(String message) {
    try {
      Map<String, List<String>> asked =
          JSON.readValue(message, new TypeReference<Map<String, List<String>>>() {});
      return asked.getOrDefault(RESNAPSHOT, List.of()).stream()
          .map(SourceTable::parse)
          .flatMap(Optional::stream)
          .map(table -> new ReadingRequest(table, ASKED))
          .toList();
    } catch (JsonProcessingException e) {
      LOG.warn("a message in the source's log is not understood: {}", e.getOriginalMessage());
      return List.of();
    }
  }

  /** The text of a message, in whatever way Debezium was told to hand over bytes. */
  static String text(@Nullable Object content) {
    return switch (content) {
      case byte[] bytes -> new String(bytes, UTF_8);
      case ByteBuffer buffer -> UTF_8.decode(buffer.duplicate()).toString();
      case String encoded -> decoded(encoded);
      case null, default -> "";
    };
  }

  private static String decoded(String encoded) {
    try {
      // That of a request begins with a brace.
      return new String(
          encoded.startsWith("7b")
              ? HexFormat.of().parseHex(encoded)
              : Base64.getDecoder().decode(encoded.replace('-', '+').replace('_', '/')),
          UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
