package dev.firn.ingest;

import static java.time.temporal.ChronoUnit.SECONDS;

import dev.firn.compaction.CompactionException;
import dev.firn.compaction.retention.Hold;
import dev.firn.compaction.retention.Holds;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code firn hold}: snapshots that stay until somebody says otherwise. */
@Command(
    name = "hold",
    description = {
      "Keep a snapshot of a table, as for a court or an audit. Nothing in Firn that removes",
      "snapshots, files or old changes touches what is held."
    },
    subcommands = {HoldCommand.Add.class, HoldCommand.Listing.class, HoldCommand.Remove.class},
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class HoldCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "hold needs one of: add, list, remove");
  }

  /** What all of them need: a lake, and where to say things. */
  static final class Common {
    @ArgGroup(multiplicity = "1")
    private LakePlace place = new LakePlace();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    /** Runs something on the lake. */
    <R> R in(Function<Catalog, R> work) {
      MaintainedLake lake = place.lake();
      CommandOutput.silenceLogs();
      try (OpenedCatalog opened = new OpenedCatalog(lake.open())) {
        return work.apply(opened.catalog());
      } catch (IllegalArgumentException e) {
        throw new SettingsException(String.valueOf(e.getMessage()), e);
      } catch (CompactionException e) {
        throw new CommandException(CommandException.FAILED, String.valueOf(e.getMessage()), e);
      }
    }

    Row change(String name, Function<Table, Hold> change) {
      return in(catalog -> {
        TableIdentifier found = AskedTables.of(catalog, List.of(name)).getFirst();
        Table table = catalog.loadTable(found);
        return Row.of(found, table, change.apply(table));
      });
    }

    void say(String line) {
      CommandOutput.say(spec, line);
    }
  }

  /** A hold as it is shown; times are ISO 8601, empty where they are not known. */
  record Row(
      String table,
      String hold,
      long snapshotId,
      String committedAt,
      String since,
      String by,
      String reason) {
    static Row of(TableIdentifier name, Table table, Hold hold) {
      Snapshot snapshot = table.snapshot(hold.snapshotId());
      return new Row(
          name.toString(),
          hold.name(),
          hold.snapshotId(),
          snapshot == null ? "" : Instant.ofEpochMilli(snapshot.timestampMillis()).toString(),
          hold.since().map(since -> since.truncatedTo(SECONDS).toString()).orElse(""),
          hold.by(),
          hold.reason());
    }

    /** The snapshot and its time. */
    String what() {
      return committedAt.isEmpty()
          ? "snapshot %d, which is gone".formatted(snapshotId)
          : "snapshot %d of %s".formatted(snapshotId, committedAt);
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "  %-28s %s: %s, since %s by %s: %s",
          table,
          hold,
          what(),
          since.isEmpty() ? "?" : since,
          by.isEmpty() ? "?" : by,
          reason.isEmpty() ? "(no reason is given)" : reason);
    }
  }

  /** {@code firn hold add}. */
  @Command(
      name = "add",
      description = "Hold a snapshot; the table's newest unless another is named.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Add implements Callable<Integer> {
    @Parameters(paramLabel = "TABLE", description = "A name, such as orders or shop.orders.")
    private String table = "";

    @Option(
        names = "--reason",
        required = true,
        paramLabel = "TEXT",
        description = "Why; anybody who may read the table can read it.")
    private String reason = "";

    @ArgGroup private Which which = new Which();

    @Mixin private Common common = new Common();

    /** Which snapshot. */
    static final class Which {
      @Option(names = "--snapshot", paramLabel = "ID", description = "This snapshot.")
      private @Nullable Long id;

      @Option(
          names = "--tag",
          paramLabel = "NAME",
          description = "The snapshot of a tag, such as firn_d_20260131.")
      private @Nullable String tag;

      @Option(
          names = "--at",
          paramLabel = "TIME",
          description = {
            "Of the snapshots that are left, the newest of this time or before,",
            "such as 2026-01-31T12:00:00Z."
          })
      private @Nullable Instant time;

      long of(Table table) {
        if (id != null) {
          return id;
        }
        if (time != null) {
          return Holds.at(table, time).snapshotId();
        }
        return Holds.named(table, tag == null ? SnapshotRef.MAIN_BRANCH : tag);
      }
    }

    @Override
    public Integer call() {
      Row added =
          common.change(
              table, loaded -> Holds.add(loaded, which.of(loaded), reason, by(), Instant.now()));
      common.say("%s: held as %s: %s".formatted(added.table(), added.hold(), added.what()));
      return Outcome.OK;
    }

    private static String by() {
      return System.getProperty("user.name", "");
    }
  }

  /** {@code firn hold list}. */
  @Command(
      name = "list",
      description = "List what is held.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Listing implements Callable<Integer> {
    @Parameters(
        paramLabel = "TABLE",
        arity = "0..*",
        description = "Only of these tables (default: all that Firn keeps).")
    private List<String> tables = List.of();

    @Option(
        names = "--json",
        paramLabel = "FILE",
        description = "Also write the list to this file, as JSON.")
    private @Nullable Path json;

    @Mixin private Common common = new Common();

    @Override
    public Integer call() {
      List<Row> rows = common.in(this::rows);
      rows.forEach(row -> common.say(row.line()));
      common.say("%d held".formatted(rows.size()));
      if (json != null) {
        CommandOutput.writeJson(rows, json);
      }
      return Outcome.OK;
    }

    private List<Row> rows(Catalog catalog) {
      List<Row> rows = new ArrayList<>();
      for (TableIdentifier name : AskedTables.of(catalog, tables)) {
        Table table = catalog.loadTable(name);
        Holds.list(table).forEach(hold -> rows.add(Row.of(name, table, hold)));
      }
      return rows;
    }
  }

  /** {@code firn hold remove}. */
  @Command(
      name = "remove",
      description = "Let a snapshot go again.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Remove implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "TABLE", description = "The table.")
    private String table = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The hold, as firn hold list says.")
    private String name = "";

    @Mixin private Common common = new Common();

    @Override
    public Integer call() {
      Row removed = common.change(table, loaded -> Holds.remove(loaded, name));
      common.say(
          "%s: %s is held no more under %s"
              .formatted(removed.table(), removed.what(), removed.hold()));
      return Outcome.OK;
    }
  }
}
