package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * Which source tables are shards of one table of the lake: the settings {@code
 * route.<namespace>.<table>}. Each row says in a column of its own which shard it is of.
 *
 * @param column the name of that column
 * @param inKey whether it is part of the key; else keys are unique over all shards
 */
record ShardRoutes(List<Route> routes, String column, boolean inKey) {
  static final String PREFIX = "route.";
  static final String COLUMN = "shard-column";
  static final String IN_KEY = "shard-key";
  private static final String DEFAULT_COLUMN = "_shard";

  /** No table has shards. */
  static final ShardRoutes NONE = new ShardRoutes(List.of(), DEFAULT_COLUMN, true);

  /**
   * One setting.
   *
   * @param sources patterns of the shards, each for a whole {@code schema.table}
   */
  record Route(String key, TableIdentifier table, List<Pattern> sources) {
    Route {
      requireNonNull(key, "key is null");
      requireNonNull(table, "table is null");
      sources = List.copyOf(sources);
    }

    private boolean has(SourceTable source) {
      return sources.stream().anyMatch(each -> each.matcher(source.toString()).matches());
    }
  }

  ShardRoutes {
    routes = List.copyOf(routes);
    requireNonNull(column, "column is null");
  }

  /** Whether no table has shards. */
  boolean isEmpty() {
    return routes.isEmpty();
  }

  /** Whether a key of the sink is one of these. */
  static boolean isOne(String key) {
    return key.startsWith(PREFIX) || key.equals(COLUMN) || key.equals(IN_KEY);
  }

  static ShardRoutes parse(Keys keys) {
    List<Route> routes = new ArrayList<>();
    for (String key : new TreeSet<>(keys.values().keySet())) {
      if (key.startsWith(PREFIX)) {
        routes.add(route(keys, key));
      }
    }
    return new ShardRoutes(
        routes, keys.text(COLUMN).orElse(DEFAULT_COLUMN), keys.truth(IN_KEY).orElse(true));
  }

  private static Route route(Keys keys, String key) {
    String name = key.substring(PREFIX.length());
    List<Pattern> sources = keys.patterns(key);
    if (!name.matches("[^.]+(\\.[^.]+)+") || sources.isEmpty()) {
      throw keys.illValued(
          key,
          "route.<namespace>.<table>=<regular expressions between commas, each for a whole schema.table>");
    }
    return new Route(key, TableIdentifier.parse(name), sources);
  }

  /**
   * The table that a source table is a shard of; empty: it has a table of its own.
   *
   * @throws SettingsException several settings name it
   */
  Optional<TableIdentifier> tableOf(SourceTable source) {
    List<Route> found = routes.stream().filter(route -> route.has(source)).toList();
    if (found.size() > 1) {
      throw new SettingsException(
          "%s%s and %s both name source table %s; it goes to one table"
              .formatted(SinkSettings.PREFIX, found.get(0).key(), found.get(1).key(), source));
    }
    return found.stream().findFirst().map(Route::table);
  }

  /** What a source table is among the shards of its table; empty: it has a table of its own. */
  Optional<Shard> shard(SourceTable source) {
    return tableOf(source).map(table -> new Shard(column, source.toString(), inKey));
  }
}
