package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tables that a pipeline writes to, each with its key index and its changelog. */
final class OpenTables {
  private static final Logger LOG = LoggerFactory.getLogger(OpenTables.class);

  private final Catalog catalog;
  private final PipelineSettings settings;
  private final KeyMemory keyMemory;
  private final Tables tables;
  private final ClaimedTables claimed;
  private final TablesToRead toRead;
  private final Progress progress;
  private final Troubles troubles;
  private final Map<TableIdentifier, TableWriter> writers = new ConcurrentHashMap<>();
  private final Map<TableIdentifier, TableLayout> layouts = new ConcurrentHashMap<>();
  private final Changelogs changelogs;

  OpenTables(
      Catalog catalog,
      PipelineSettings settings,
      Tables tables,
      ClaimedTables claimed,
      TablesToRead toRead,
      Progress progress,
      Changelogs changelogs,
      Troubles troubles) {
    this.catalog = catalog;
    this.settings = settings;
    this.keyMemory = new KeyMemory(settings.keyIndex().heapBytes(), settings.keyIndex().folder());
    this.tables = tables;
    this.claimed = claimed;
    this.toRead = toRead;
    this.progress = progress;
    this.changelogs = changelogs;
    this.troubles = troubles;
  }

  /** Opens a table for writing, making it when it is missing, and builds its key index. */
  RowTarget open(TableDefinition definition) {
    TableIdentifier name = definition.table();
    if (claimed.get(name) == null && progress.isStreaming() && toRead.why(name).isEmpty()) {
      toRead.add(name, "new since the initial snapshot", true);
    }
    return openWhole(definition);
  }

  /**
   * The same for one of which nothing has to be read, be it new or not.
   *
   * @throws PipelineException it is new, and somebody else's rows are there already
   */
  RowTarget openWhole(TableDefinition definition) {
    ClaimedTables.Claimed table = claimed.get(definition.table());
    boolean isNew = table == null;
    if (table == null) {
      table = claimNew(definition);
    }
    TableState state =
        new TableState(table.table(), definition, settings.targetFileBytes(), keyMemory);
    state.load();
    TableWriter writer = new TableWriter(state, table.mark(), troubles);
    if (isNew && progress.isStreaming() && toRead.why(definition.table()).isEmpty()) {
      requireEmpty(writer);
    }
    writers.put(definition.table(), writer);
    layouts.put(definition.table(), definition.layout());
    layOut(definition.table());
    openChangelog(definition, writer);
    return state.target();
  }

  private static void requireEmpty(TableWriter writer) {
    if (writer.indexedRows() > 0) {
      throw new PipelineException(
          "table %s has rows that are not the pipeline's, and nothing reads the source's in their place; move it away, or name another table for it"
              .formatted(writer.state().name()));
    }
  }

  /** A layout of columns that only the source has so far waits for these. */
  private void layOut(TableIdentifier name) {
    TableWriter writer = writer(name);
    TableLayout layout = requireNonNull(layouts.get(name), "layout is null");
    List<String> missing = layout.missingIn(writer.state().columns());
    if (missing.isEmpty()) {
      writer.layOut(layout);
    } else {
      LOG.info("table {} will be {}, when it has the columns {}", name, layout, missing);
    }
  }

  private ClaimedTables.Claimed claimNew(TableDefinition definition) {
    TableIdentifier name = definition.table();
    Table table = catalog.tableExists(name) ? catalog.loadTable(name) : tables.create(definition);
    ClaimedTables.Claimed taken = claimed.take(name, table);
    progress.numberAbove(taken.mark());
    return taken;
  }

  TableIdentifier openQuarantine() {
    TableIdentifier name = Quarantine.of(settings);
    ClaimedTables.Claimed log = claimed.get(name);
    if (log == null) {
      Table table =
          catalog.tableExists(name) ? catalog.loadTable(name) : tables.createQuarantine(name);
      log = claimed.take(name, table);
      progress.numberAbove(log.mark());
      progress.found(name, log.mark());
    }
    changelogs.putQuarantine(
        new Changelog(
            name,
            log.table(),
            log.mark(),
            BatchNumbers.NONE,
            settings.targetFileBytes(),
            troubles));
    return name;
  }

  private void openChangelog(TableDefinition definition, TableWriter writer) {
    TableIdentifier name = Changelog.nameFor(definition.table());
    ClaimedTables.Claimed changelog = claimed.get(name);
    if (!definition.changelog()) {
      if (changelog != null) {
        throw new PipelineException(
            "table %s exists, but the changelog of %s is switched off: it would have a hole; switch it on, or drop the changelog table and start over with a new pipeline"
                .formatted(name, definition.table()));
      }
      return;
    }
    if (changelog == null) {
      changelog = newChangelog(definition.with(writer.state().columns()), writer);
    }
    Changelog opened =
        new Changelog(
            name,
            changelog.table(),
            changelog.mark(),
            progress.numbers(definition.table(), writer.state().table()),
            settings.targetFileBytes(),
            troubles);
    opened.follow(writer.state().columns());
    changelogs.put(definition.table(), opened);
  }

  /** One that begins with what the table holds now. */
  private ClaimedTables.Claimed newChangelog(TableDefinition definition, TableWriter writer) {
    if (progress.isStreaming()) {
      writer.tag(Changelog.BASELINE);
    }
    TableIdentifier name = Changelog.nameFor(definition.table());
    Table table =
        catalog.tableExists(name) ? catalog.loadTable(name) : tables.createChangelog(definition);
    ClaimedTables.Claimed made = claimed.take(name, table, writer.mark());
    progress.numberAbove(made.mark());
    // Its baseline may have a part of a batch that is repaired.
    progress.found(name, made.mark());
    return made;
  }

  /** Gives a table, then its changelog, other columns. */
  RowTarget changeColumns(TableIdentifier table, ColumnChanges changes) {
    writer(table).changeColumns(changes);
    RowTarget target = columnsChanged(table);
    layOut(table);
    return target;
  }

  /** The same for a table of which a large transaction is being written. */
  RowTarget changeColumns(TableIdentifier table, ColumnChanges changes, TableWrite open) {
    writer(table).changeColumns(changes, open);
    return columnsChanged(table);
  }

  private RowTarget columnsChanged(TableIdentifier table) {
    RowTarget target = writer(table).state().target();
    changelogs.follow(target);
    return target;
  }

  /** By the name of the table. */
  Map<TableIdentifier, TableWriter> writers() {
    return Map.copyOf(writers);
  }

  boolean isOpen(TableIdentifier table) {
    return writers.containsKey(table);
  }

  /**
   * @throws PipelineException it is not open
   */
  TableWriter writer(TableIdentifier table) {
    TableWriter writer = writers.get(table);
    if (writer == null) {
      throw new PipelineException("table %s is not open".formatted(table));
    }
    return writer;
  }

  /** The tables as they are now, in addition to what the control table says of them. */
  Map<String, ControlTable.Registered> registry(Map<String, ControlTable.Registered> known) {
    Map<String, ControlTable.Registered> registered = new HashMap<>(known);
    writers.forEach((name, writer) -> {
      Mark mark = writer.mark();
      registered.put(
          name.toString(),
          new ControlTable.Registered(
              writer.state().table().uuid().toString(),
              mark.batch(),
              mark.position(),
              writer.state().snapshotId()));
    });
    changelogs.register(registered);
    return registered;
  }
}
