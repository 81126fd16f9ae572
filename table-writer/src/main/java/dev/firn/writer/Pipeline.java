package dev.firn.writer;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * The one writer of a pipeline: its control table, its tables, and the commits to them.
 *
 * <p>Not thread-safe but for one overlap: {@link #prepare} may run while an earlier batch is in
 * {@link #commit}.
 */
public final class Pipeline {
  /** Why a table is to be read of which a batch has left its part out, for people. */
  public static final String INCOMPLETE = IncompleteChangeException.REASON;

  private final Catalog catalog;
  private final PipelineSettings settings;
  private final StepListener steps;
  private final TableCommits tableCommits;
  private final ControlTable control;
  private final Troubles troubles;
  private final ClaimedTables claimed;
  private final TablesToRead toRead;
  private final Progress progress;
  private final Changelogs changelogs;
  private final OpenTables open;
  private final PipelineCommits commits;

  private Pipeline(
      Catalog catalog,
      PipelineSettings settings,
      Function<String, Position> positions,
      TableCommits tableCommits) {
    this.catalog = catalog;
    this.settings = settings;
    this.steps = tableCommits.steps();
    this.tableCommits = tableCommits;
    Supplier<BatchCommit> batchCommits = BatchCommits.of(catalog, settings.visibility());
    this.troubles = new Troubles(catalog, settings);
    Tables tables = new Tables(catalog, settings);
    String writer = writerName();
    this.control = ControlTable.takeOver(tables, catalog, settings, writer, troubles);
    this.claimed = new ClaimedTables(catalog, settings, control, troubles, writer);
    this.toRead = new TablesToRead(control);
    this.progress = new Progress(control, claimed, positions);
    this.changelogs = new Changelogs(tableCommits);
    this.open =
        new OpenTables(catalog, settings, tables, claimed, toRead, progress, changelogs, troubles);
    this.commits =
        new PipelineCommits(
            settings.name(),
            control,
            claimed,
            toRead,
            progress,
            changelogs,
            open,
            tableCommits,
            batchCommits);
  }

  /**
   * Takes the pipeline over: raises its epoch in the control table (made when missing) and in every
   * registered table, so that an earlier writer is fenced from here on.
   *
   * @param positions turns a position's text back into a position
   * @param tableCommits runs the commits of a batch's tables, which may be in parallel; all of them
   *     at the same time where the whole batch becomes visible at once
   * @throws PipelineException a registered table is missing or was replaced or rolled back
   */
  public static Pipeline takeOver(
      Catalog catalog,
      PipelineSettings settings,
      Function<String, Position> positions,
      Executor tableCommits) {
    return takeOver(catalog, settings, positions, tableCommits, StepListener.NONE);
  }

  /**
   * The same, and tells what it is at from then on.
   *
   * @see #takeOver(Catalog, PipelineSettings, Function, Executor)
   */
  public static Pipeline takeOver(
      Catalog catalog,
      PipelineSettings settings,
      Function<String, Position> positions,
      Executor tableCommits,
      StepListener steps) {
    return new Pipeline(catalog, settings, positions, new TableCommits(tableCommits, steps));
  }

  /**
   * Takes the pipeline over and forgets where in the source it is: the next start reads all tables
   * anew, as at the begin of its life, and lets what it read take the place of what they hold.
   *
   * @param notes that told of the source, and are forgotten as well
   * @return the epoch: writers of a lower one are fenced
   */
  public static long readAnew(
      Catalog catalog,
      PipelineSettings settings,
      Function<String, Position> positions,
      Set<String> notes) {
    Pipeline pipeline = takeOver(catalog, settings, positions, Runnable::run);
    ControlTable.State state = pipeline.control.state();
    Map<String, String> kept = new HashMap<>(state.notes());
    kept.keySet().removeIf(name -> TablesToRead.isOne(name) || notes.contains(name));
    pipeline.control.commit(
        new ControlTable.State(state.batch(), "", Optional.empty(), state.tables(), kept));
    return pipeline.epoch();
  }

  /** What the control table says, read without taking over; empty when there is none. */
  public static Optional<PipelineState> look(Catalog catalog, PipelineSettings settings) {
    return ControlTable.look(catalog, settings);
  }

  /**
   * Looks into the control table, for a writer that has nothing to commit; for any thread.
   *
   * @throws FencedException another writer has taken over
   */
  public void requireNotReplaced() {
    look(catalog, settings)
        .filter(now -> now.epoch() > epoch())
        .ifPresent(now -> {
          throw Head.fenced(
              settings.name(),
              epoch(),
              new Mark(settings.name(), now.epoch(), 0, "", now.writer()));
        });
  }

  private static String writerName() {
    long pid = ProcessHandle.current().pid();
    try {
      return "%s:%d".formatted(InetAddress.getLocalHost().getHostName(), pid);
    } catch (UnknownHostException e) {
      return "unknown host:%d".formatted(pid);
    }
  }

  /** Told what the pipeline is at. */
  public StepListener steps() {
    return steps;
  }

  /** Its epoch: higher than that of every earlier writer. */
  public long epoch() {
    return control.epoch();
  }

  /** Where the source's reader resumes; empty while the initial snapshot is not complete. */
  public Optional<SourceOffset> offset() {
    return control.state().offset();
  }

  /**
   * The furthest position of which any table or changelog has rows: beyond {@link #position} where
   * a crash left a batch in some of them only. Empty before the first batch.
   */
  public Optional<Position> furthest() {
    return progress.furthest();
  }

  /** The position of the last batch that is complete in all tables; empty before the first one. */
  public Optional<Position> position() {
    return progress.position();
  }

  /** Something that was written down in the control table. */
  public Optional<String> note(String name) {
    return Optional.ofNullable(control.state().notes().get(name));
  }

  /** Writes something down in the control table, at once. Not while batches are being committed. */
  public void note(String name, String value) {
    control.commit(control.state().withNote(name, value));
  }

  /**
   * Opens a table of the lake for writing, making it when it is missing, and builds its key index.
   * One that exists is taken with the columns that it has: the events may be older than the
   * definition, and those that are not bring what it lacks ({@link #changeColumns}).
   */
  public RowTarget open(TableDefinition definition) {
    return open.open(definition);
  }

  /**
   * Opens a table all of whose rows come with the stream, or with the initial snapshot: one that is
   * new since then does not wait to be read. Not while batches are being committed.
   *
   * @throws PipelineException it is new, and somebody else's rows are there already
   * @see #open(TableDefinition)
   */
  public RowTarget openWhole(TableDefinition definition) {
    RowTarget opened = open.openWhole(definition);
    if (progress.isStreaming()
        && !control.state().tables().containsKey(opened.table().toString())) {
      // A crash in its first batch must find it, as it finds the other tables.
      control.commit(control.state().withTables(registry()));
    }
    return opened;
  }

  /** Whether a table was the pipeline's when it was taken over, be it open or not. */
  public boolean isKnown(TableIdentifier table) {
    return claimed.get(table) != null;
  }

  /** Whether the pipeline has a quarantine, be it open or not. */
  public boolean hasQuarantine() {
    return claimed.get(Quarantine.of(settings)) != null;
  }

  /**
   * Opens the quarantine, making it when it is missing: from then on events may be set aside.
   * Before anything is read or streamed.
   *
   * @return its name
   */
  public TableIdentifier openQuarantine() {
    return open.openQuarantine();
  }

  /**
   * Gives an open table, then its changelog, other columns. Only while all that was prepared is
   * committed and settled. A crash in between is made good by the next {@link #open}.
   *
   * @return what its rows must be made of from here on
   * @throws FencedException another writer has taken over
   */
  public RowTarget changeColumns(TableIdentifier table, ColumnChanges changes) {
    return open.changeColumns(table, changes);
  }

  /** The same for a table of which a large transaction is being written. */
  RowTarget changeColumns(TableIdentifier table, ColumnChanges changes, TableWrite written) {
    return open.changeColumns(table, changes, written);
  }

  /**
   * Starts (again) the initial snapshot of all open tables. Only while {@link #offset} is empty.
   */
  public InitialSnapshot initialSnapshot() {
    if (offset().isPresent()) {
      throw new IllegalStateException("the initial snapshot is over");
    }
    steps.entered(Step.SNAPSHOT);
    control.commit(control.state().withTables(registry()));
    claimed
        .all()
        .forEach((name, table) -> {
          if (!open.isOpen(name)) {
            SnapshotBranch.drop(table);
          }
        });
    Map<TableIdentifier, SnapshotBranch> branches = new ConcurrentHashMap<>();
    tableCommits.runAll(
        open.writers().entrySet().stream()
            .<Runnable>map(table ->
                () ->
                    branches.put(table.getKey(), SnapshotBranch.begin(table.getValue(), troubles)))
            .toList());
    troubles.running();
    return new InitialSnapshot(this, branches, tableCommits.executor());
  }

  /** The part of an open table in an initial snapshot that has begun. */
  SnapshotBranch beginBranch(TableIdentifier table) {
    control.commit(control.state().withTables(registry()));
    return SnapshotBranch.begin(writer(table), troubles);
  }

  /**
   * Writes down that a table has to be read (again) beside the stream; forgotten when that is done.
   * Not while batches are being committed.
   *
   * @param why for people
   * @param holdBack whether changes are not applied until then: the rows that the table has, if
   *     any, are not those that they are about
   */
  public void requestReading(TableIdentifier table, String why, boolean holdBack) {
    toRead.add(table, why, holdBack);
  }

  /**
   * Writes down that tables of the pipeline which are not open have to be read when they are opened
   * again: their changes meanwhile are missed.
   */
  public void noteTablesLeftOut() {
    claimed
        .all()
        .forEach((name, table) -> {
          if (offset().isPresent()
              && !open.isOpen(name)
              && !LakeTables.isChangelog(table)
              && reading(name).isEmpty()) {
            requestReading(name, "left out for a time", true);
          }
        });
  }

  /** Why a table has to be read, if it has. */
  public Optional<String> reading(TableIdentifier table) {
    return toRead.why(table);
  }

  /** Takes a request back. Not while batches are being committed. */
  public void forgetReading(TableIdentifier table) {
    toRead.remove(table);
  }

  /**
   * Whether a table has to be read before changes of it are applied: it has no rows yet, or those
   * of another table.
   */
  public boolean isHeldBack(TableIdentifier table) {
    return toRead.isHeldBack(table);
  }

  /**
   * Begins to read an open table beside the stream; between two transactions.
   *
   * @param before transactions that the log had already and that a snapshot of the source may not
   *     see yet
   */
  public TableReading read(TableIdentifier table, Collection<String> before) {
    return new TableReading(table, writer(table), before, this::holdForQuarantine);
  }

  /**
   * Takes the tables of which a committed batch has left its part out, since the last call: a
   * change came without a value that is not in the lake. No change of them is applied until they
   * are read; that has to be asked for. For any thread.
   */
  public Set<TableIdentifier> takeIncomplete() {
    return toRead.takeIncomplete();
  }

  /** Whether {@link #takeIncomplete} has any; for any thread. */
  public boolean hasIncomplete() {
    return toRead.hasIncomplete();
  }

  /**
   * Whether a reading can be completed now: not while a batch is repaired that a crash has left in
   * some tables only.
   */
  public boolean mayComplete() {
    return commits.mayComplete();
  }

  /**
   * Lets what was read take the place of the table, as a batch of its own at the present position,
   * and completes it. Only while nothing is being committed and all is settled.
   *
   * @param at when the source was as the rows were read
   * @return empty when a change meanwhile came without a value that what was read lacks as well:
   *     the reading is given up, and another one is needed
   */
  public Optional<CommittedBatch> complete(TableReading reading, Instant at) {
    return commits.complete(reading, at);
  }

  /** A new batch, empty. */
  public Batch newBatch() {
    troubles.running();
    return new Batch(
        progress.recovery(),
        this::isHeldBack,
        table -> new TableBatch(writer(table).state().isKeyed()),
        changelogs::name,
        changelogs::quarantine);
  }

  /** Looks the batch's keys up and writes its data files; nothing is visible yet. */
  public PreparedBatch prepare(Batch batch) {
    Map<TableIdentifier, TableWriter.PlannedWrite> writes = new LinkedHashMap<>();
    steps.during(
        Step.FILES,
        () ->
            batch
                .tables()
                .forEach((table, changes) -> writes.put(table, writer(table).plan(changes))));
    return new PreparedBatch(batch, writes);
  }

  /**
   * Makes a prepared batch visible: every table's snapshot, then the key indexes. It is complete
   * only after the next {@link #settle}. A table of which a change lacks a value that is not in the
   * lake is left out ({@link #takeIncomplete}).
   *
   * @throws FencedException another writer has taken over
   * @throws PipelineException the batch cannot be committed; what to do is in the message
   */
  public CommittedBatch commit(PreparedBatch prepared) {
    return commits.commit(prepared);
  }

  /**
   * Completes the batches that were committed since the last call: their changes in the changelogs,
   * then the control table. After it the source may be acknowledged up to the end that it returns.
   *
   * @return the end of the last of them; empty when there was nothing to complete
   * @throws FencedException another writer has taken over
   */
  public Optional<TransactionEnd> settle() {
    return commits.settle();
  }

  /**
   * Moves the control table on over a part of the source's log in which nothing was for the tables.
   * Only while nothing is being committed and all is settled.
   *
   * @return false when that cannot be now: a batch is being repaired that a crash left in some
   *     tables only
   */
  public boolean advance(Position to, SourceOffset offset) {
    return commits.advance(to, offset);
  }

  /**
   * A transaction too large to be held in memory; only while no batch is prepared or committing.
   */
  public LargeTransaction largeTransaction() {
    return new LargeTransaction(this, LargeTransaction.MAX_HELD_BYTES);
  }

  /** Commits a large transaction; one that all tables have already changes nothing. */
  CommittedBatch commitLarge(
      Map<TableIdentifier, TableWrite> writes,
      Map<TableIdentifier, HeldChanges> held,
      Optional<HeldChanges> aside,
      TransactionEnd end) {
    return commits.commitLarge(writes, held, aside, end);
  }

  /** A place for a large transaction's changes of a table; empty when it has no changelog. */
  Optional<HeldChanges> hold(TableIdentifier table) {
    return changelogs.hold(table);
  }

  /** A place for what is set aside before it is known where the source committed it. */
  HeldChanges holdForQuarantine() {
    return hold(changelogs.quarantine()).orElseThrow();
  }

  /**
   * Makes the initial snapshot visible, and complete.
   *
   * @param aside what goes to the quarantine
   */
  CommittedBatch publish(
      Map<TableIdentifier, SnapshotBranch> branches,
      Optional<HeldChanges> aside,
      TransactionEnd end) {
    CommittedBatch published = commits.publish(branches, aside, end);
    steps.left(Step.SNAPSHOT);
    return published;
  }

  /** Nothing of the initial snapshot becomes visible. */
  void abandon(Collection<SnapshotBranch> branches) {
    branches.forEach(SnapshotBranch::abandon);
    steps.left(Step.SNAPSHOT);
  }

  private Map<String, ControlTable.Registered> registry() {
    return open.registry(control.state().tables());
  }

  /** Makes an end soon: what storage or catalog refuse now is tried once more. For any thread. */
  public void stopRetrying() {
    troubles.stop();
  }

  /** Why the commit that runs did not go through so far, if it is known; for any thread. */
  public Optional<String> trouble() {
    return troubles.any();
  }

  /** Number of rows in the key index of an open table, about; for any thread. */
  public long indexedRows(TableIdentifier table) {
    return writer(table).indexedRows();
  }

  TableWriter writer(TableIdentifier table) {
    return open.writer(table);
  }
}
