package dev.firn.ingest;

import static java.time.temporal.ChronoUnit.SECONDS;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.firn.writer.QuarantineLog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code firn quarantine}: events that the tables could not take as they are. */
@Command(
    name = "quarantine",
    description = {
      "Events that a table could not take as they are, with bad-events=quarantine: a value that no",
      "type of the lake holds (it is null there), or an event that cannot be applied. They are open",
      "until the table is read again."
    },
    subcommands = {
      QuarantineCommand.Listing.class,
      QuarantineCommand.Show.class,
      QuarantineCommand.Replay.class,
      QuarantineCommand.Drop.class
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class QuarantineCommand implements Runnable {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "quarantine needs one of: list, show, replay, drop");
  }

  /** What all of them need: a pipeline, and where to say things. */
  static final class Common {
    @Mixin private ConfigOption config = new ConfigOption();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    /** Runs something on the quarantine; empty: there is none. */
    <R> Optional<R> in(Function<QuarantineLog, R> work) {
      SinkSettings settings = config.load().sink();
      CommandOutput.silenceLogs();
      try (OpenedCatalog opened = new OpenedCatalog(LakeProbe.open(settings))) {
        return QuarantineLog.open(opened.catalog(), settings.pipeline()).map(work);
      }
    }

    Path file() {
      return config.file();
    }

    void say(String line) {
      CommandOutput.say(spec, line);
    }
  }

  /** Whether an entry is of one of these tables, at the source or in the lake; none: of any. */
  private static Predicate<QuarantineLog.Entry> of(List<String> tables) {
    return entry ->
        tables.isEmpty()
            || tables.contains(entry.lakeTable())
            || tables.contains(entry.sourceTable())
            || tables.contains(entry.sourceTable().replaceFirst("^.*\\.", ""));
  }

  private static QuarantineLog.Id id(String text) {
    try {
      return QuarantineLog.Id.parse(text);
    } catch (IllegalArgumentException e) {
      throw new SettingsException(String.valueOf(e.getMessage()), e);
    }
  }

  /** What of an event is not in the lake. */
  private static String missing(QuarantineLog.Entry entry) {
    return entry.column().map("%s is null"::formatted).orElse("not applied");
  }

  /** {@code firn quarantine list}. */
  @Command(
      name = "list",
      description = "List what is open, the newest last.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Listing implements Callable<Integer> {
    @Parameters(
        paramLabel = "TABLE",
        arity = "0..*",
        description = "Only of these tables (default: all).")
    private List<String> tables = List.of();

    @Option(names = "--all", description = "Also what is settled, as the table was read again.")
    private boolean all;

    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "100",
        description = "Not more than so many of the newest (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Option(
        names = "--json",
        paramLabel = "FILE",
        description = "Also write the list to this file, as JSON.")
    private @Nullable Path json;

    @Mixin private Common common = new Common();

    @Override
    public Integer call() {
      if (limit < 1) {
        throw new SettingsException("--limit %d: at least 1".formatted(limit));
      }
      Found found =
          common
              .in(log ->
                  new Found(
                      log.newest(limit, of(tables).and(entry -> all || entry.isOpen())),
                      log.open()))
              .orElse(new Found(List.of(), Map.of()));
      lines(found.entries()).forEach(common::say);
      found
          .open()
          .forEach((table, entries) -> common.say("%s: %,d open".formatted(table, entries)));
      common.say(found.open().isEmpty() ? "nothing is open in the quarantine" : hint(found));
      if (json != null) {
        CommandOutput.writeJson(found.entries().stream().map(Listing::values).toList(), json);
      }
      return Outcome.OK;
    }

    private record Found(List<QuarantineLog.Entry> entries, Map<String, Long> open) {}

    private String hint(Found found) {
      String some = found.entries().isEmpty() ? "ID" : found.entries().getLast().id().toString();
      return "show one: firn quarantine show %s --config %s; when the cause is gone, have the tables read again: firn quarantine replay --config %s"
          .formatted(some, common.file(), common.file());
    }

    private static List<String> lines(List<QuarantineLog.Entry> entries) {
      int ids = width(entries, entry -> entry.id().toString());
      int tables = width(entries, QuarantineLog.Entry::sourceTable);
      int missing = width(entries, QuarantineCommand::missing);
      String format = "%%-%ds  %%s  %%-%ds  %%s  %%-%ds  %%s%%s".formatted(ids, tables, missing);
      return entries.stream()
          .map(entry ->
              String.format(
                  Locale.ROOT,
                  format,
                  entry.id(),
                  entry.committedAt().truncatedTo(SECONDS),
                  entry.sourceTable(),
                  entry.op(),
                  missing(entry),
                  entry.reason(),
                  entry.isOpen() ? "" : " (settled)"))
          .toList();
    }

    private static int width(
        List<QuarantineLog.Entry> entries, Function<QuarantineLog.Entry, String> column) {
      return entries.stream().map(column).mapToInt(String::length).max().orElse(1);
    }

    private static Map<String, Object> values(QuarantineLog.Entry entry) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("id", entry.id().toString());
      values.put("op", entry.op());
      values.put("position", entry.position());
      values.put("transaction", entry.transaction());
      values.put("committed_at", entry.committedAt().toString());
      values.put("source_table", entry.sourceTable());
      values.put("lake_table", entry.lakeTable());
      entry.column().ifPresent(column -> values.put("column", column));
      values.put("reason", entry.reason());
      values.put("open", entry.isOpen());
      return values;
    }
  }

  /** {@code firn quarantine show}. */
  @Command(
      name = "show",
      description = "Show events whole, with their values.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Show implements Callable<Integer> {
    @Parameters(
        paramLabel = "ID",
        arity = "1..*",
        description = "What firn quarantine list calls them, such as 12.3.")
    private List<String> ids = List.of();

    @Mixin private Common common = new Common();

    @Override
    public Integer call() {
      Set<QuarantineLog.Id> wanted =
          ids.stream().map(QuarantineCommand::id).collect(Collectors.toSet());
      List<QuarantineLog.Entry> found =
          common
              .in(log -> {
                List<QuarantineLog.Entry> entries =
                    log.newest(wanted.size(), entry -> wanted.contains(entry.id()));
                entries.forEach(entry -> show(entry, log.event(entry.id()).orElse("null")));
                return entries;
              })
              .orElse(List.of());
      List<QuarantineLog.Id> unknown = new ArrayList<>(wanted);
      found.forEach(entry -> unknown.remove(entry.id()));
      if (!unknown.isEmpty()) {
        throw new SettingsException(
            "there is no entry %s in the quarantine; list them with firn quarantine list --all --config %s"
                .formatted(
                    unknown.stream()
                        .map(QuarantineLog.Id::toString)
                        .collect(Collectors.joining(", ")),
                    common.file()));
      }
      return Outcome.OK;
    }

    private void show(QuarantineLog.Entry entry, String event) {
      common.say(
          "%s: %s of table %s (%s in the lake), %s: %s"
              .formatted(
                  entry.id(),
                  operation(entry.op()),
                  entry.sourceTable(),
                  entry.lakeTable(),
                  missing(entry),
                  entry.reason()));
      common.say(
          entry.transaction().isEmpty()
              ? "read at %s, before %s".formatted(entry.committedAt(), entry.position())
              : "transaction %s, committed at %s, ends at %s"
                  .formatted(entry.transaction(), entry.committedAt(), entry.position()));
      common.say(pretty(event));
    }

    private static String operation(String op) {
      return switch (op) {
        case "c" -> "an insert";
        case "u" -> "an update";
        case "d" -> "a delete";
        case "t" -> "a truncate";
        default -> "a row";
      };
    }

    private static String pretty(String event) {
      try {
        return JSON.writeValueAsString(JSON.readTree(event));
      } catch (JsonProcessingException e) {
        return event;
      }
    }
  }

  /** {@code firn quarantine replay}. */
  @Command(
      name = "replay",
      description = {
        "Have tables read again, as firn resnapshot does, so that they are as at the source: an old",
        "event is never applied over newer rows. What was open of them is settled then; what the",
        "lake still cannot take comes to the quarantine again."
      },
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Replay implements Callable<Integer> {
    @Parameters(
        paramLabel = "TABLE",
        arity = "0..*",
        description = "Names of the source's tables (default: all with open entries).")
    private List<String> tables = List.of();

    @Option(names = "--wait", description = "Return when all of them have been replaced.")
    private boolean wait;

    @Mixin private Common common = new Common();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      List<String> asked = tables.isEmpty() ? open() : tables;
      if (asked.isEmpty()) {
        common.say("nothing is open in the quarantine");
        return Outcome.OK;
      }
      List<String> arguments = new ArrayList<>(asked);
      arguments.addAll(List.of("--config", common.file().toString()));
      if (wait) {
        arguments.add("--wait");
      }
      CommandLine resnapshot =
          requireNonNull(spec.root().subcommands().get("resnapshot"), "resnapshot is null");
      return resnapshot.execute(arguments.toArray(String[]::new));
    }

    private List<String> open() {
      return common.in(QuarantineLog::openSources).orElse(List.of());
    }
  }

  /** {@code firn quarantine drop}. */
  @Command(
      name = "drop",
      description = {
        "Remove entries, as where null is what is wanted. Their rows in the lake stay as they are.",
        "Snapshots of the quarantine from before have them until they expire."
      },
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Drop implements Callable<Integer> {
    @ArgGroup(multiplicity = "1")
    private Which which = new Which();

    @Mixin private Common common = new Common();

    /** Which entries. */
    static final class Which {
      @Parameters(
          paramLabel = "ID",
          arity = "1..*",
          description = "What firn quarantine list calls them, such as 12.3.")
      private List<String> ids = List.of();

      @Option(
          names = "--table",
          paramLabel = "TABLE",
          description = "All of this table; may be given several times.")
      private List<String> tables = List.of();

      @Option(names = "--settled", description = "All that is settled.")
      private boolean settled;

      @Option(names = "--all", description = "All that there are.")
      private boolean all;

      Predicate<QuarantineLog.Entry> entries() {
        Set<QuarantineLog.Id> named =
            ids.stream().map(QuarantineCommand::id).collect(Collectors.toSet());
        return entry ->
            all
                || named.contains(entry.id())
                || (settled && !entry.isOpen())
                || (!tables.isEmpty() && of(tables).test(entry));
      }
    }

    @Override
    public Integer call() {
      Predicate<QuarantineLog.Entry> unwanted = which.entries();
      long dropped = common.in(log -> log.drop(unwanted)).orElse(0L);
      common.say("%,d entries dropped".formatted(dropped));
      return Outcome.OK;
    }
  }
}
