package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * Reads typed values of settings; an ill value is an error that names its key, the value and what
 * is allowed.
 *
 * @param prefix what all keys start with, for the messages
 * @param values by key, without the prefix
 */
record Keys(String prefix, Map<String, String> values) {
  private static final Pattern SECRET =
      Pattern.compile(
          "secret|password|token|credential|access-key|api-key|private|mask\\.(?!(hash|truncate|redact|null)\\b)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern SIZE = Pattern.compile("(\\d{1,12})\\s*(b|kb|mb|gb)?");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m)?");

  Keys {
    requireNonNull(prefix, "prefix is null");
    values = Map.copyOf(values);
  }

  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).map(String::strip).filter(v -> !v.isEmpty());
  }

  Optional<Integer> integer(String key) {
    try {
      return text(key).map(Integer::valueOf);
    } catch (NumberFormatException e) {
      throw illValued(key, "a whole number");
    }
  }

  Optional<Boolean> truth(String key) {
    return text(key)
        .map(value ->
            switch (value.toLowerCase(Locale.ROOT)) {
              case "true" -> true;
              case "false" -> false;
              default -> throw illValued(key, "true or false");
            });
  }

  /** One of an enum's values, written in lower case and with dashes. */
  <E extends Enum<E>> Optional<E> choice(String key, Class<E> type) {
    E[] choices = type.getEnumConstants();
    return text(key)
        .map(value ->
            Arrays.stream(choices)
                .filter(choice -> written(choice).equals(value.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                    illValued(
                        key,
                        Arrays.stream(choices)
                            .map(Keys::written)
                            .collect(Collectors.joining(choices.length == 2 ? " or " : ", ")))));
  }

  /** An enum's value as a configuration has it. */
  static String written(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** A number of bytes: {@code 268435456}, {@code 256mb}. */
  Optional<Long> bytes(String key, long atLeast) {
    return text(key)
        .map(value -> {
          Matcher matcher = SIZE.matcher(value.toLowerCase(Locale.ROOT));
          long bytes = matcher.matches() ? scaled(matcher) : -1;
          if (bytes < atLeast) {
            throw illValued(
                key, "a number of bytes such as 268435456 or 256mb, at least " + atLeast);
          }
          return bytes;
        });
  }

  /** A duration: {@code 200} (milliseconds), {@code 200ms}, {@code 2s}, {@code 1m}. */
  Optional<Duration> duration(String key) {
    return text(key)
        .map(value -> {
          Matcher matcher = DURATION.matcher(value.toLowerCase(Locale.ROOT));
          if (!matcher.matches()) {
            throw illValued(key, "milliseconds such as 200, or 200ms, 2s, 1m");
          }
          long number = Long.parseLong(matcher.group(1));
          return switch (matcher.group(2) == null ? "ms" : matcher.group(2)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofMillis(number);
          };
        });
  }

  Optional<Pattern> pattern(String key) {
    try {
      return text(key).map(Pattern::compile);
    } catch (java.util.regex.PatternSyntaxException e) {
      throw illValued(key, "a regular expression (%s)".formatted(e.getDescription()));
    }
  }

  /** Regular expressions between commas. */
  List<Pattern> patterns(String key) {
    try {
      return text(key).stream()
          .flatMap(value -> Arrays.stream(value.split(",")))
          .map(String::strip)
          .map(Pattern::compile)
          .toList();
    } catch (java.util.regex.PatternSyntaxException e) {
      throw illValued(key, "regular expressions between commas (%s)".formatted(e.getDescription()));
    }
  }

  /** A folder that can be written to; made when it is missing. */
  Path folder(String key, String value) {
    try {
      Path folder = Path.of(value).toAbsolutePath().normalize();
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw illValued(key, "a folder that this user may write to");
      }
      return folder;
    } catch (IOException | InvalidPathException e) {
      throw illValued(key, "a folder that can be made and written to (%s)".formatted(e));
    }
  }

  SettingsException illValued(String key, String allowed) {
    return new SettingsException(
        "%s%s%s: expected %s"
            .formatted(prefix, key, shown(key, values.getOrDefault(key, "")), allowed));
  }

  /** The value as messages may show it. */
  static String shown(String key, String value) {
    return SECRET.matcher(key).find() ? "=***" : "=" + value;
  }

  /** The known key that differs from {@code key} in the fewest letters. */
  static String nearest(String key, Collection<String> known) {
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    return known.stream()
        .min(Comparator.comparingInt((String k) -> distance.apply(key, k)).thenComparing(k -> k))
        .orElseThrow();
  }

  private static long scaled(Matcher matcher) {
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2) == null ? "b" : matcher.group(2)) {
      case "kb" -> number << 10;
      case "mb" -> number << 20;
      case "gb" -> number << 30;
      default -> number;
    };
  }
}
