package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A document of minio/policies, and what it allows: what an Allow covers and no Deny does. */
final class BucketPolicy {
  private static final Set<String> KNOWN =
      Set.of("Sid", "Effect", "Action", "Resource", "Condition");
  private final List<Statement> statements = new ArrayList<>();

  /**
   * @param prefixes patterns, one of which the prefix of a listing must match; none: any
   */
  private record Statement(
      boolean allows, List<String> actions, List<String> resources, List<String> prefixes) {
    boolean covers(S3Call call) {
      return matches(actions, call.action())
          && matches(resources, call.resource())
          && (prefixes.isEmpty() || call.prefix().map(p -> matches(prefixes, p)).orElse(false));
    }

    private static boolean matches(List<String> patterns, String text) {
      return patterns.stream().anyMatch(pattern -> wildcards(pattern).matcher(text).matches());
    }

    private static Pattern wildcards(String pattern) {
      String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
      return Pattern.compile(regex, Pattern.DOTALL);
    }
  }

  private BucketPolicy(JsonNode document) {
    document.get("Statement").forEach(statement -> statements.add(statement(statement)));
  }

  static BucketPolicy of(String role) throws IOException {
    Path file = Path.of("..", "minio/policies/%s.json".formatted(role));
    return of(new ObjectMapper().readTree(Files.readString(file, UTF_8)));
  }

  static BucketPolicy of(JsonNode document) {
    return new BucketPolicy(document);
  }

  /** Only what is written in minio/policies is understood; anything else is an error. */
  private static Statement statement(JsonNode statement) {
    statement.fieldNames().forEachRemaining(name -> require(KNOWN.contains(name), name));
    String effect = statement.get("Effect").asText();
    require(effect.equals("Allow") || effect.equals("Deny"), effect);
    List<String> prefixes =
        Optional.ofNullable(statement.get("Condition"))
            .map(BucketPolicy::prefixes)
            .orElse(List.of());
    return new Statement(
        effect.equals("Allow"),
        texts(statement.get("Action")),
        texts(statement.get("Resource")),
        prefixes);
  }

  private static List<String> prefixes(JsonNode condition) {
    require(condition.size() == 1 && condition.has("StringLike"), condition.toString());
    JsonNode like = condition.get("StringLike");
    require(like.size() == 1 && like.has("s3:prefix"), like.toString());
    return texts(like.get("s3:prefix"));
  }

  private static void require(boolean known, String what) {
    if (!known) {
      throw new IllegalArgumentException("not understood in a policy: " + what);
    }
  }

  private static List<String> texts(JsonNode list) {
    if (list.isTextual()) {
      return List.of(list.asText());
    }
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  boolean allows(S3Call call) {
    return statements.stream().anyMatch(s -> s.allows() && s.covers(call)) && !denies(call);
  }

  /** Whether it says no, rather than nothing. */
  boolean denies(S3Call call) {
    return statements.stream().anyMatch(s -> !s.allows() && s.covers(call));
  }

  /** The actions that it allows on something. */
  Set<String> actions() {
    Set<String> actions = new HashSet<>();
    statements.stream().filter(Statement::allows).forEach(s -> actions.addAll(s.actions()));
    return actions;
  }
}
