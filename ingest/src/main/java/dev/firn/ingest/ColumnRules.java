package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which columns are masked or dropped before anything is written: the settings {@code columns.drop}
 * and {@code columns.mask.*}. Where several name a column, the one counts that leaves the least of
 * it.
 *
 * @param choices the strictest first
 * @param settings their keys and values; in the place of the key its fingerprint
 */
record ColumnRules(List<Choice> choices, Map<String, String> settings) {
  static final String DROP = "columns.drop";
  static final String NULL = "columns.mask.null";
  static final String REDACT = "columns.mask.redact";
  static final String HASH = "columns.mask.hash";
  static final String TRUNCATE = "columns.mask.truncate.";
  static final String KEY = "columns.mask.key";

  /** Of a column that no setting names. */
  static final ColumnRule KEEP = new ColumnRule.Keep();

  /** All columns are written as they are. */
  static final ColumnRules NONE = new ColumnRules(List.of(), Map.of());

  private static final Pattern TRUNCATE_KEY =
      Pattern.compile(Pattern.quote(TRUNCATE) + "([1-9]\\d{0,8})");

  /**
   * One setting.
   *
   * @param columns patterns, each for a whole {@code schema.table.column}
   */
  record Choice(String setting, List<Pattern> columns, ColumnRule rule) {
    Choice {
      requireNonNull(setting, "setting is null");
      columns = List.copyOf(columns);
      requireNonNull(rule, "rule is null");
    }

    private boolean has(String column) {
      return columns.stream().anyMatch(each -> each.matcher(column).matches());
    }
  }

  /** A pattern of a setting that names no column. */
  record Unmatched(String setting, String pattern) {}

  ColumnRules {
    choices = List.copyOf(choices);
    settings = Map.copyOf(settings);
  }

  /** Whether a key of the sink is one of these. */
  static boolean isOne(String key) {
    return keys().contains(key) || TRUNCATE_KEY.matcher(key).matches();
  }

  /** Their keys, but for the lengths of truncated columns. */
  static Set<String> keys() {
    return Set.of(DROP, NULL, REDACT, HASH, KEY);
  }

  /**
   * @throws SettingsException a value is none, or the key of hashes is missing
   */
  static ColumnRules parse(Keys keys) {
    return of(
        keys,
        text -> {
          if (!MaskKey.isLongEnough(text)) {
            throw keys.illValued(KEY, "at least 16 letters, as ${NAME} from the environment");
          }
          return MaskKey.of(text);
        });
  }

  /** What {@link #settings} of an earlier start was. */
  static ColumnRules noted(Map<String, String> settings) {
    return of(new Keys(SinkSettings.PREFIX, settings), MaskKey::known);
  }

  private static ColumnRules of(Keys keys, Function<String, MaskKey> maskKey) {
    Optional<MaskKey> key = keys.text(KEY).map(maskKey);
    List<Choice> choices = new ArrayList<>();
    add(choices, keys, DROP, ColumnRule.Drop::new);
    add(choices, keys, NULL, ColumnRule.Null::new);
    add(choices, keys, REDACT, ColumnRule.Redact::new);
    add(
        choices,
        keys,
        HASH,
        () ->
            new ColumnRule.Hash(
                key.orElseThrow(() ->
                    new SettingsException(
                        "%s%s is missing: %s needs a key, such as ${NAME} from the environment"
                            .formatted(SinkSettings.PREFIX, KEY, HASH)))));
    lengths(keys.values().keySet())
        .forEach((length, setting) ->
            add(choices, keys, setting, () -> new ColumnRule.Truncate(length)));
    Map<String, String> settings = new TreeMap<>();
    choices.forEach(
        choice -> settings.put(choice.setting(), keys.text(choice.setting()).orElseThrow()));
    if (settings.containsKey(HASH)) {
      key.ifPresent(known -> settings.put(KEY, known.fingerprint()));
    }
    return new ColumnRules(choices, settings);
  }

  private static void add(
      List<Choice> choices,
      Keys keys,
      String setting,
      java.util.function.Supplier<ColumnRule> rule) {
    List<Pattern> columns = keys.patterns(setting);
    if (!columns.isEmpty()) {
      choices.add(new Choice(setting, columns, rule.get()));
    }
  }

  private static TreeMap<Integer, String> lengths(Set<String> keys) {
    TreeMap<Integer, String> lengths = new TreeMap<>();
    for (String key : keys) {
      Matcher truncate = TRUNCATE_KEY.matcher(key);
      if (truncate.matches()) {
        lengths.put(Integer.valueOf(truncate.group(1)), key);
      }
    }
    return lengths;
  }

  /** What becomes of a column, whether there is one of this name or not. */
  ColumnRule of(SourceTable table, String column) {
    return choice(table, column).map(Choice::rule).orElse(KEEP);
  }

  private Optional<Choice> choice(SourceTable table, String column) {
    String name = "%s.%s".formatted(table, column);
    return choices.stream().filter(choice -> choice.has(name)).findFirst();
  }

  /** The setting that a column's rule comes from, for messages. */
  String setting(SourceTable table, String column) {
    return choice(table, column).map(choice -> SinkSettings.PREFIX + choice.setting()).orElse("");
  }

  /**
   * Patterns that name none of these columns.
   *
   * @param columns as {@code schema.table.column}
   */
  List<Unmatched> unmatched(Collection<String> columns) {
    return choices.stream()
        .flatMap(choice ->
            choice.columns().stream()
                .filter(pattern ->
                    columns.stream().noneMatch(column -> pattern.matcher(column).matches()))
                .map(pattern -> new Unmatched(choice.setting(), pattern.pattern())))
        .toList();
  }

  /** Whether it has a pattern of a setting, in whatever setting. */
  boolean hasPattern(Unmatched pattern) {
    return choices.stream()
        .flatMap(choice -> choice.columns().stream())
        .anyMatch(known -> known.pattern().equals(pattern.pattern()));
  }
}
