package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * Names the table of the lake that a source table goes to.
 *
 * <p>By default a table keeps its name, in the namespace of its source schema. Where {@code
 * destination-regexp} is set, the name is made of Debezium's destination ({@code
 * prefix.schema.table}) as memiiso/debezium-server-iceberg does: all matches replaced, then dots
 * turned into underscores.
 */
public record TableRouting(
    Optional<Namespace> namespace,
    String prefix,
    Optional<Rewrite> rewrite,
    Letters letters,
    ShardRoutes shards) {

  /** Replaces parts of a destination. */
  public record Rewrite(Pattern regexp, String replacement) {
    public Rewrite {
      requireNonNull(regexp, "regexp is null");
      requireNonNull(replacement, "replacement is null");
    }
  }

  /** What becomes of the letters of a table's name. */
  public enum Letters {
    KEPT,
    UPPER,
    LOWER
  }

  public TableRouting {
    requireNonNull(namespace, "namespace is null");
    requireNonNull(prefix, "prefix is null");
    requireNonNull(rewrite, "rewrite is null");
    requireNonNull(letters, "letters is null");
    requireNonNull(shards, "shards is null");
  }

  static TableRouting parse(Keys keys) {
    boolean upper = keys.truth("destination-uppercase-table-names").orElse(false);
    boolean lower = keys.truth("destination-lowercase-table-names").orElse(false);
    if (upper && lower) {
      throw keys.illValued(
          "destination-uppercase-table-names",
          "only one of it and destination-lowercase-table-names to be true");
    }
    Optional<Pattern> regexp = keys.pattern("destination-regexp");
    if (regexp.isEmpty() && keys.text("destination-regexp-replace").isPresent()) {
      throw keys.illValued("destination-regexp-replace", "destination-regexp to be set as well");
    }
    return new TableRouting(
        keys.text("table-namespace").map(name -> Namespace.of(name.split("\\.", -1))),
        keys.text("table-prefix").orElse(""),
        regexp.map(r -> new Rewrite(r, keys.text("destination-regexp-replace").orElse(""))),
        upper ? Letters.UPPER : lower ? Letters.LOWER : Letters.KEPT,
        ShardRoutes.parse(keys));
  }

  /**
   * The table that a source table goes to.
   *
   * @param topicPrefix Debezium's {@code topic.prefix}, which a destination starts with
   */
  public TableIdentifier tableFor(String topicPrefix, SourceTable source) {
    return shards.tableOf(source).orElseGet(() -> ownTable(topicPrefix, source));
  }

  private TableIdentifier ownTable(String topicPrefix, SourceTable source) {
    String name =
        rewrite
            .map(r -> rewritten(r, topicPrefix + "." + source))
            .orElse(source.name().replace('.', '_'));
    if (name.isBlank()) {
      throw new SettingsException(
          "%sdestination-regexp leaves nothing of the name of source table %s; let it match less, or set destination-regexp-replace"
              .formatted(SinkSettings.PREFIX, source));
    }
    return TableIdentifier.of(
        namespace.orElse(Namespace.of(source.schema())), cased(prefix + name));
  }

  /**
   * The tables that all of these source tables go to.
   *
   * @throws SettingsException two source tables would go to one table
   */
  public Map<SourceTable, TableIdentifier> routes(
      String topicPrefix, Collection<SourceTable> sources) {
    Map<SourceTable, TableIdentifier> routes = new HashMap<>();
    Map<TableIdentifier, SourceTable> taken = new HashMap<>();
    for (SourceTable source : sources) {
      TableIdentifier table = tableFor(topicPrefix, source);
      SourceTable other = taken.putIfAbsent(table, source);
      if (other != null && !areShards(source, other)) {
        throw new SettingsException(
            "source tables %s and %s would both go to table %s; change %stable-namespace, table-prefix or destination-regexp so that each has its own, or name both in %sroute.%s"
                .formatted(other, source, table, SinkSettings.PREFIX, SinkSettings.PREFIX, table));
      }
      routes.put(source, table);
    }
    return routes;
  }

  /** Whether two source tables that go to one table are meant to. */
  boolean areShards(SourceTable one, SourceTable other) {
    return shards.tableOf(one).isPresent() && shards.tableOf(other).isPresent();
  }

  private static String rewritten(Rewrite rewrite, String destination) {
    try {
      return rewrite
          .regexp()
          .matcher(destination)
          .replaceAll(rewrite.replacement())
          .replace('.', '_');
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new SettingsException(
          "%sdestination-regexp-replace=%s: %s; $1 and ${name} are groups of destination-regexp=%s, and a dollar sign of its own is written as \\$"
              .formatted(
                  SinkSettings.PREFIX,
                  rewrite.replacement(),
                  e.getMessage(),
                  rewrite.regexp().pattern()),
          e);
    }
  }

  private String cased(String name) {
    return switch (letters) {
      case KEPT -> name;
      case UPPER -> name.toUpperCase(Locale.ROOT);
      case LOWER -> name.toLowerCase(Locale.ROOT);
    };
  }
}
