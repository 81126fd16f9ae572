package dev.firn.ingest.demo;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.firn.ingest.demo.TorturePlan.Kind;
import dev.firn.testing.RowComparison;
import dev.firn.testing.RowComparison.Counts;
import dev.firn.writer.Step;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a torture came to.
 *
 * @param planned how many kills were asked for
 * @param hits what was done to the sink, in order
 * @param tables each table against its source, at the end
 * @param lateCommits commits of a writer after one that had replaced it
 * @param endedByThemselves processes that ended though nothing was done to them
 * @param load what the source did meanwhile
 * @param seconds from the load's start until the lake had all of it
 * @param source the database, and its version
 * @param storage where the lake keeps its files: local or s3
 * @param catalog how the sink reaches it: embedded, rest or rest_atomic
 */
@JsonPropertyOrder({
  "passed",
  "kills",
  "phases",
  "paused",
  "fenced",
  "terminated",
  "equal",
  "changelogEqual",
  "lostRows",
  "doubledRows",
  "changedRows",
  "changelogLostRows",
  "changelogDoubledRows",
  "changelogChangedRows",
  "lateCommits",
  "seed",
  "source",
  "storage",
  "catalog",
  "seconds",
  "load",
  "tables",
  "hits"
})
record TortureReport(
    @JsonIgnore int planned,
    long seed,
    String source,
    String storage,
    String catalog,
    double seconds,
    Work load,
    List<TableResult> tables,
    long lateCommits,
    int endedByThemselves,
    List<Hit> hits) {

  /**
   * What was done beside the sink.
   *
   * @param rate transactions per second that were asked for
   * @param rows that these changed
   * @param copiedRows that came many at once, besides
   * @param alteringTransactions on tables whose columns change
   * @param alterations of them, tables made, dropped and renamed included
   * @param compactions in processes of their own beside the sink, which compacts as well
   * @param killedCompactions of these, those that were killed
   */
  record Work(
      int rate,
      long transactions,
      long rows,
      long copiedRows,
      long alteringTransactions,
      long alterations,
      int compactions,
      int killedCompactions) {}

  /** One table's state, and what its baseline and changelog lead to, against its source. */
  @JsonPropertyOrder({"name", "sourceRows", "lakeRows", "equal", "changelogEqual", "differences"})
  record TableResult(
      String name, @JsonIgnore RowComparison.Result state, @JsonIgnore RowComparison.Result log) {
    @JsonProperty
    long sourceRows() {
      return state.sourceRows();
    }

    @JsonProperty
    long lakeRows() {
      return state.lakeRows();
    }

    @JsonProperty
    boolean equal() {
      return state.equal();
    }

    @JsonProperty
    boolean changelogEqual() {
      return log.equal();
    }

    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    @JsonProperty
    List<String> differences() {
      return state.differences().stream().map(RowComparison.Difference::toString).toList();
    }
  }

  /**
   * One thing that was done to the sink.
   *
   * @param second since the load's start
   * @param aimed the phase that it was meant for
   * @param phase the one that the process was in
   * @param steps all that it was at
   * @param tablesCommitted how many tables of a batch were committed ...
   * @param tablesOfBatch ... of how many; 0 when none was being committed
   * @param exitCode of a process that ended by itself
   * @param fencedBy the process that one says it was fenced by
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Hit(
      double second,
      Kind kind,
      Phase aimed,
      Phase phase,
      @JsonIgnore Set<Step> steps,
      int tablesCommitted,
      int tablesOfBatch,
      @Nullable Integer exitCode,
      @Nullable Long fencedBy) {

    @JsonProperty
    List<String> at() {
      return steps.stream().map(Phase::key).toList();
    }

    /** Whether the process ended as one must that this was done to. */
    @JsonIgnore
    boolean isWell() {
      return switch (kind) {
        case KILL -> true;
        case PAUSE -> Integer.valueOf(3).equals(exitCode) && fencedBy != null;
        case TERMINATE -> Integer.valueOf(0).equals(exitCode);
      };
    }
  }

  TortureReport {
    tables = List.copyOf(tables);
    hits = List.copyOf(hits);
  }

  /** Whether all was done that was asked for, and nothing is wrong. */
  @JsonProperty
  boolean passed() {
    return kills() == planned
        && equal()
        && changelogEqual()
        && lateCommits == 0
        && endedByThemselves == 0
        && hits.stream().allMatch(Hit::isWell);
  }

  @JsonProperty
  long kills() {
    return count(Kind.KILL);
  }

  /** How many kills fell in which phase. */
  @JsonProperty
  Map<String, Integer> phases() {
    Map<Phase, Integer> counts = new EnumMap<>(Phase.class);
    for (Phase phase : Phase.values()) {
      counts.put(phase, 0);
    }
    hits.stream()
        .filter(hit -> hit.kind() == Kind.KILL)
        .forEach(hit -> counts.merge(hit.phase(), 1, Integer::sum));
    Map<String, Integer> named = new LinkedHashMap<>();
    counts.forEach((phase, count) -> named.put(phase.key(), count));
    return named;
  }

  @JsonProperty
  long paused() {
    return count(Kind.PAUSE);
  }

  /** How many of the paused ones ended as fenced, and named by whom. */
  @JsonProperty
  long fenced() {
    return hits.stream().filter(hit -> hit.kind() == Kind.PAUSE && hit.isWell()).count();
  }

  @JsonProperty
  long terminated() {
    return count(Kind.TERMINATE);
  }

  private long count(Kind kind) {
    return hits.stream().filter(hit -> hit.kind() == kind).count();
  }

  /** Whether every table has exactly the rows of its source. */
  @JsonProperty
  boolean equal() {
    return tables.stream().allMatch(TableResult::equal);
  }

  /** Whether each table's baseline and changelog lead to exactly the rows of its source. */
  @JsonProperty
  boolean changelogEqual() {
    return tables.stream().allMatch(TableResult::changelogEqual);
  }

  @JsonProperty
  long lostRows() {
    return counts(TableResult::state).lost();
  }

  @JsonProperty
  long doubledRows() {
    return counts(TableResult::state).doubled();
  }

  @JsonProperty
  long changedRows() {
    return counts(TableResult::state).changed();
  }

  @JsonProperty
  long changelogLostRows() {
    return counts(TableResult::log).lost();
  }

  @JsonProperty
  long changelogDoubledRows() {
    return counts(TableResult::log).doubled();
  }

  @JsonProperty
  long changelogChangedRows() {
    return counts(TableResult::log).changed();
  }

  private Counts counts(Function<TableResult, RowComparison.Result> side) {
    return tables.stream()
        .map(side)
        .map(RowComparison.Result::counts)
        .reduce(Counts.NONE, Counts::plus);
  }

  String toJson() {
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
