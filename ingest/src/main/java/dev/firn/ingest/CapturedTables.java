package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableDefinition;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tables of the source that are captured, each with its table in the lake. */
final class CapturedTables {
  private static final Logger LOG = LoggerFactory.getLogger(CapturedTables.class);

  private final SinkSettings settings;
  private final Source source;
  private final Map<SourceTable, TableDecoder> decoders = new ConcurrentHashMap<>();

  CapturedTables(SinkSettings settings, Source source) {
    this.settings = settings;
    this.source = source;
  }

  /**
   * Opens all of these; they are all that is known so far.
   *
   * @throws SettingsException two would go to one table of the lake
   */
  void openAll(Pipeline pipeline, List<CapturedTable> tables) {
    Map<TableIdentifier, List<CapturedTable>> byTable = new LinkedHashMap<>();
    routes(tables)
        .forEach(
            (table, route) -> byTable.computeIfAbsent(route, name -> new ArrayList<>()).add(table));
    byTable.forEach((route, shards) ->
        open(
            pipeline,
            shards,
            definition(shards, route, pipeline.isKnown(route)),
            byTable.keySet()));
  }

  private Map<CapturedTable, TableIdentifier> routes(List<CapturedTable> tables) {
    Map<SourceTable, TableIdentifier> routes =
        settings
            .routing()
            .routes(source.topicPrefix(), tables.stream().map(CapturedTable::source).toList());
    Map<CapturedTable, TableIdentifier> byTable = new LinkedHashMap<>();
    tables.forEach(table ->
        byTable.put(routed(table), requireNonNull(routes.get(table.source()), "route is null")));
    return byTable;
  }

  private CapturedTable routed(CapturedTable table) {
    return table.as(settings.routing().shards().shard(table.source()));
  }

  /**
   * Opens a table that is new.
   *
   * @throws PipelineException it would go to a table of the lake that another one goes to
   */
  TableDecoder open(Pipeline pipeline, CapturedTable table) {
    TableIdentifier route = settings.routing().tableFor(source.topicPrefix(), table.source());
    Optional<TableDecoder> other =
        decoders.values().stream().filter(known -> known.table().equals(route)).findAny();
    if (other.isPresent()) {
      return addShard(routed(table), other.orElseThrow());
    }
    CapturedTable routed = routed(table);
    List<TableIdentifier> others = decoders.values().stream().map(TableDecoder::table).toList();
    return open(pipeline, List.of(routed), definitionOfNew(routed, route), others).getFirst();
  }

  /** A new shard of a table that has some. */
  private TableDecoder addShard(CapturedTable table, TableDecoder other) {
    if (!settings.routing().areShards(table.source(), other.source())) {
      throw new SettingsException(
          "source table %s is new and would go to table %s, as another one does; leave it out, or set %sdestination-regexp so that each has its own"
              .formatted(table.source(), other.table(), SinkSettings.PREFIX));
    }
    TableDecoder decoder =
        new TableDecoder(table, other.target(), source.placeholder(), settings.badEvents());
    decoders.put(table.source(), decoder);
    return decoder;
  }

  private List<TableDecoder> open(
      Pipeline pipeline,
      List<CapturedTable> tables,
      TableDefinition definition,
      Collection<TableIdentifier> routes) {
    requireOwnName(definition, routes);
    RowTarget target =
        source.told().isPresent() ? pipeline.openWhole(definition) : pipeline.open(definition);
    List<TableDecoder> opened = new ArrayList<>();
    for (CapturedTable table : tables) {
      TableDecoder decoder =
          new TableDecoder(table, target, source.placeholder(), settings.badEvents());
      decoders.put(table.source(), decoder);
      opened.add(decoder);
    }
    return opened;
  }

  /** A shard must go with those that there are. */
  private CapturedTable fitting(CapturedTable table) {
    CapturedTable routed = routed(table);
    if (routed.shard().isPresent()) {
      TableDefinition wanted =
          plainDefinition(
              routed, settings.routing().tableFor(source.topicPrefix(), table.source()));
      for (TableDecoder other : decoders.values()) {
        if (other.table().equals(wanted.table())) {
          ShardDefinitions.requireSameKey(
              wanted.table(), other.captured().keyInLake(), wanted.key());
        }
      }
    }
    return routed;
  }

  private TableDefinition definition(
      List<CapturedTable> shards, TableIdentifier route, boolean isKnown) {
    List<TableDefinition> each = shards.stream().map(table -> definition(table, route)).toList();
    return isKnown ? ShardDefinitions.known(each) : ShardDefinitions.merged(each);
  }

  /** All tables of the source that go where this one does, in the order of their names. */
  List<TableDecoder> shards(TableDecoder one) {
    return decoders.values().stream()
        .filter(other -> other.table().equals(one.table()))
        .sorted(Comparator.comparing(decoder -> decoder.source().toString()))
        .toList();
  }

  private TableDefinition definition(CapturedTable table, TableIdentifier route) {
    return plainDefinition(table, route).laidOut(settings.layouts().of(table.source()));
  }

  /** A layout that does not go with a table which is new while the pipeline runs waits. */
  private TableDefinition definitionOfNew(CapturedTable table, TableIdentifier route) {
    TableDefinition plain = plainDefinition(table, route);
    try {
      settings.layouts().requireFits(table.source(), plain.schema(), Optional.empty());
      return plain.laidOut(settings.layouts().of(table.source()));
    } catch (SettingsException e) {
      LOG.warn(
          "table {} is made without a layout, and the next start will end here: {}",
          route,
          e.getMessage());
      return plain;
    }
  }

  private TableDefinition plainDefinition(CapturedTable table, TableIdentifier route) {
    TableDefinition definition =
        table.definition(route, source.placeholder(), settings.changelogs().has(table.source()));
    if (settings.pipeline().formatVersion() < 3) {
      CapturedTable.requireFormat2(table.source(), definition.schema());
    }
    return definition;
  }

  /**
   * Looks whether all of these can be opened as they are configured; nothing is taken over for it.
   *
   * @throws SettingsException they cannot
   */
  void check(Catalog catalog, List<CapturedTable> tables) {
    Map<SourceTable, TableDefinition> definitions = new HashMap<>();
    routes(tables)
        .forEach((table, route) -> definitions.put(table.source(), definition(table, route)));
    definitions.values().stream()
        .collect(Collectors.groupingBy(TableDefinition::table))
        .forEach((route, shards) -> {
          var unused =
              catalog.tableExists(route)
                  ? ShardDefinitions.known(shards)
                  : ShardDefinitions.merged(shards);
        });
    LayoutChecks.run(settings.layouts(), definitions, catalog);
    if (!tables.isEmpty()) {
      // A source whose tables only its events tell has none at first.
      ColumnFormChecks.run(settings.columnForms(), tables);
    }
    if (!settings.columnRules().choices().isEmpty() && !tables.isEmpty()) {
      ColumnRuleChecks.run(settings, tables, definitions, catalog);
    }
  }

  private static void requireOwnName(
      TableDefinition definition, Collection<TableIdentifier> routes) {
    definition
        .changelogTable()
        .filter(routes::contains)
        .ifPresent(name -> {
          throw new SettingsException(
              "table %s would hold both rows of the source and the changelog of %s; set %stable-prefix or destination-regexp for one of them, or %schangelog.exclude.list"
                  .formatted(name, definition.table(), SinkSettings.PREFIX, SinkSettings.PREFIX));
        });
  }

  /**
   * Whether rows from before a column was added may have a value there: the source has a default of
   * the column or its type, or keeps the one that it was added with, or cannot be asked now.
   */
  boolean mayHaveFilled(SourceTable table, String column) {
    try {
      return source.mayHaveFilled(table, column);
    } catch (SQLException e) {
      if (ConnectionLoss.isIn(e)) {
        return true;
      }
      throw unasked(table, e);
    }
  }

  /**
   * A captured table as the source has it now; empty when it is not there or not captured.
   *
   * @throws SettingsException it cannot be stored as it is
   */
  Optional<CapturedTable> find(SourceTable table) {
    try {
      return source.find(table).map(this::fitting);
    } catch (SQLException e) {
      throw unasked(table, e);
    }
  }

  /**
   * An event with the key that its table had: one that came without may be of a table that is gone
   * by now, or was gone when its key was looked up.
   */
  ColumnPlan.Event withKey(TableDecoder decoder, ColumnPlan.Event event) {
    Set<String> key = decoder.captured().ownOf(decoder.target().key());
    if (key.isEmpty() || !event.key().isEmpty() || !source.tellsKeysOfNow()) {
      return event;
    }
    boolean hasOther =
        find(decoder.source()).map(now -> !Set.copyOf(now.key()).equals(key)).orElse(false);
    return hasOther ? event : new ColumnPlan.Event(key, event.row());
  }

  private PipelineException unasked(SourceTable table, SQLException failure) {
    return new PipelineException(
        "cannot ask %s for table %s: %s"
            .formatted(source.place(), table, ConnectionLoss.reason(failure)),
        failure);
  }

  /** Whether a table is followed by what tells its rows apart. */
  boolean takes(TableWatch.Seen table) {
    return settings.keylessTables().takes(table);
  }

  Optional<TableDecoder> decoder(SourceTable table) {
    return Optional.ofNullable(decoders.get(table));
  }

  Collection<TableDecoder> decoders() {
    return List.copyOf(decoders.values());
  }

  /** Their names at the source. */
  Set<SourceTable> sources() {
    return Set.copyOf(decoders.keySet());
  }

  int size() {
    return decoders.size();
  }
}
