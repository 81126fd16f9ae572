package dev.firn.ingest;

import dev.firn.writer.CommittedBatch;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TransactionEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.iceberg.catalog.TableIdentifier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables that are being read beside the stream. Requests come from any thread; all else but
 * {@link #status} and {@link #forget} is called by the source's thread.
 */
final class Readings implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Readings.class);

  /** Why a table is read that was made while the pipeline ran. */
  static final String NEW = "new at the source";

  private static final int AT_THE_SAME_TIME = 2;
  private static final long CLOSE_SECONDS = 10;

  /**
   * How one of them stands.
   *
   * @param progress for people
   */
  record Status(String table, String progress) {}

  private final Source source;
  private final Pipeline pipeline;
  private final CapturedTables tables;
  private final SourceOids oids;
  private final long maxHeldBytes;
  private final Uninterrupted commits;
  private final BiConsumer<CommittedBatch, Duration> committed;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("firn-reading-", 0).factory());
  private final Semaphore permits = new Semaphore(AT_THE_SAME_TIME);
  private final Queue<ReadingRequest> requests = new ConcurrentLinkedQueue<>();

  /** By their tables in the lake: what a reading brings is all of its table, or all shards. */
  private final Map<TableIdentifier, TableReader> running = new ConcurrentHashMap<>();

  /**
   * Transactions of the log that a snapshot may not see yet: one that waits for a standby server is
   * in the log before it is visible.
   */
  private final Set<String> recent = ConcurrentHashMap.newKeySet();

  /** What was visible at the source when this process began. */
  private Optional<SourceView> told = Optional.empty();

  /** Tables that events came of, but which the source does not have any more. */
  private final Set<SourceTable> gone = new HashSet<>();

  /** Tables whose reading was given up because their columns change; it begins again after. */
  private final Map<TableIdentifier, ReadingRequest> again = new HashMap<>();

  private final ColumnFollower columns;
  private boolean largeOpen;

  /** Brings a table of the lake to the columns that its table at the source has now. */
  interface ColumnFollower {
    void follow(TableDecoder decoder, ColumnPlan.Event event) throws InterruptedException;
  }

  /**
   * @param maxHeldBytes how much of the changes meanwhile may be held in memory
   * @param committed told of each table that was read
   * @param columns follows columns that are ahead of the stream's events
   */
  Readings(
      Source source,
      Pipeline pipeline,
      CapturedTables tables,
      SourceOids oids,
      long maxHeldBytes,
      Uninterrupted commits,
      BiConsumer<CommittedBatch, Duration> committed,
      ColumnFollower columns) {
    this.source = source;
    this.pipeline = pipeline;
    this.tables = tables;
    this.oids = oids;
    this.maxHeldBytes = maxHeldBytes;
    this.commits = commits;
    this.committed = committed;
    this.columns = columns;
  }

  /** Asks for a reading; it begins when the source's thread is between two transactions. */
  void request(ReadingRequest request) {
    requests.add(request);
  }

  /**
   * Sets what was visible at the source when this process began: what was not may have been told to
   * an earlier one. Before anything is streamed.
   */
  void startedAt(SourceView atStart) {
    told = Optional.of(atStart);
  }

  /** Begins what an earlier process has not completed; before anything is streamed. */
  void resume() {
    for (TableDecoder decoder : tables.decoders()) {
      if (!running.containsKey(decoder.table())) {
        pipeline
            .reading(decoder.table())
            .ifPresent(why -> start(new ReadingRequest(decoder.source(), why), decoder, true));
      }
    }
  }

  /** Whether there is nothing to do for it between two transactions. */
  boolean isIdle() {
    return requests.isEmpty() && running.isEmpty() && !pipeline.hasIncomplete();
  }

  /**
   * The stream is between two transactions: begins what was asked for, and lets what was read take
   * its table's place.
   */
  void between(Position position) throws InterruptedException {
    begin();
    for (TableReader reader : List.copyOf(running.values())) {
      if (reader.refused().isPresent()) {
        throw reader.refused().orElseThrow();
      }
      if (reader.isGone()) {
        forget(reader);
      } else if (reader.wanted().isPresent()) {
        CapturedTable wanted = reader.wanted().orElseThrow();
        columns.follow(
            tables.decoder(wanted.source()).orElseThrow(),
            new ColumnPlan.Event(Set.copyOf(wanted.key()), wanted.row()));
      } else {
        look(reader, position);
      }
    }
  }

  private void look(TableReader reader, Position position) throws InterruptedException {
    if (reader.reading().isBegun()) {
      if (reader.passing().map(position::contains).orElse(false)) {
        // All that was streamed is in the table then, so that its rows are known by their keys.
        if (commits.callAlone(Pipeline::mayComplete)) {
          reader.reading().passed();
        }
      } else if (isFull()) {
        reader.reading().giveUpSnapshot();
      }
    }
    if (reader.reading().isPassed() && isFull()) {
      reader.reading().awaitRead();
    }
    if (reader.reading().isRead()) {
      complete(reader);
    }
  }

  private boolean isFull() {
    return running.values().stream().mapToLong(reader -> reader.reading().heldBytes()).sum()
        > maxHeldBytes;
  }

  /** A transaction ended whose changes go into the lake next. */
  void ended(SourceTransaction transaction) {
    recent.add(transaction.end().transaction());
    running.values().forEach(reader -> reader.reading().ended(transaction));
  }

  /**
   * A large transaction begins, whose changes cannot be held: rows that are being read come first.
   */
  void largeBegins() throws InterruptedException {
    for (TableReader reader : List.copyOf(running.values())) {
      reader.reading().awaitRead();
      if (reader.reading().isRead()) {
        complete(reader);
      } else {
        reader.reading().largeBegins();
      }
    }
    largeOpen = true;
  }

  void largeEnded(Optional<TransactionEnd> end) {
    largeOpen = false;
    end.map(TransactionEnd::transaction).ifPresent(recent::add);
    running
        .values()
        .forEach(reader ->
            reader.reading().largeEnded(end.map(TransactionEnd::transaction).orElse(null)));
  }

  /** Forgets transactions that every snapshot from now on sees; for any thread. */
  void forget(SourceView now) {
    recent.removeIf(now::sees);
    running.values().forEach(reader -> reader.reading().forget(now::sees));
  }

  /** Those that run; for any thread. */
  List<Status> status() {
    return running.values().stream()
        .map(reader -> new Status(reader.table().toString(), reader.progress()))
        .sorted((a, b) -> a.table().compareTo(b.table()))
        .toList();
  }

  private void begin() throws InterruptedException {
    for (TableIdentifier table : pipeline.takeIncomplete()) {
      // A reading that was completed meanwhile had what was missing.
      if (pipeline.isHeldBack(table)) {
        requestAgain(table);
      }
    }
    for (ReadingRequest request = requests.poll(); request != null; request = requests.poll()) {
      begin(request);
    }
  }

  /** A row of it changed that the lake lacks. */
  private void requestAgain(TableIdentifier table) {
    if (again.containsKey(table)) {
      // It waits for columns that fit, and is read then.
      return;
    }
    tables.decoders().stream()
        .filter(decoder -> decoder.table().equals(table))
        .findFirst()
        .ifPresent(
            decoder -> requests.add(new ReadingRequest(decoder.source(), Pipeline.INCOMPLETE)));
  }

  private void begin(ReadingRequest request) throws InterruptedException {
    requireReadable(request.table(), request.why());
    Optional<TableDecoder> decoder = tables.decoder(request.table());
    if (decoder.isPresent() && request.why().equals(NEW)) {
      return;
    }
    if (decoder.isPresent()) {
      beginKnown(request, decoder.orElseThrow());
    } else {
      beginNew(request);
    }
  }

  /** Begins to read a table of which an event came, though it was not known. */
  void beginUnknown(SourceTable table) throws InterruptedException {
    if (!gone.contains(table)) {
      begin(new ReadingRequest(table, NEW));
    }
  }

  /**
   * Writes down that a table has to be read, before anything else is done; the reading itself
   * begins between two transactions.
   */
  void ask(ReadingRequest request, TableDecoder decoder) throws InterruptedException {
    requireReadable(request.table(), request.why());
    boolean isKeyless = decoder.target().key().isEmpty();
    commits.runAlone(p ->
        p.requestReading(
            decoder.table(), request.why(), isKeyless || p.isHeldBack(decoder.table())));
    requests.add(request);
  }

  private void requireReadable(SourceTable table, String why) {
    if (source.told().isPresent()) {
      throw new PipelineException(refusal(table, why));
    }
  }

  /** What is said of a table that has to be read, of a source that is not asked. */
  static String refusal(SourceTable table, String why) {
    return SourceLoss.of(
        "table %s has to be read again (%s), and a table of this source is not read beside the stream"
            .formatted(table, why));
  }

  /**
   * Takes no changes of a table any more; it is read when its columns fit again ({@link
   * #beginAgain}), by another process if need be.
   */
  void setAside(TableDecoder decoder, String why) throws InterruptedException {
    giveUp(decoder);
    again.putIfAbsent(
        decoder.table(), new ReadingRequest(decoder.source(), ReadingRequest.SET_ASIDE + why));
    String reason = again.get(decoder.table()).why();
    if (!pipeline.isHeldBack(decoder.table())) {
      commits.runAlone(p -> p.requestReading(decoder.table(), reason, true));
    }
  }

  /** Gives up the reading of a table, if there is one: what was read has the old columns. */
  void giveUp(TableDecoder decoder) {
    TableReader reader = running.remove(decoder.table());
    if (reader != null) {
      again.put(decoder.table(), reader.request());
      reader.giveUp();
    }
  }

  /** Begins a reading again that was given up. */
  void beginAgain(TableDecoder decoder) {
    ReadingRequest request = again.remove(decoder.table());
    if (request != null) {
      start(request, decoder, true);
    }
  }

  /**
   * Has all shards of a table read, and no change applied until then: what has become of one is not
   * a change of rows. Before anything else is done; the reading itself begins between two
   * transactions.
   */
  void readShards(ReadingRequest request, TableDecoder decoder) throws InterruptedException {
    giveUp(decoder);
    again.remove(decoder.table());
    commits.runAlone(p -> p.requestReading(decoder.table(), request.why(), true));
    requests.add(request);
  }

  private void beginKnown(ReadingRequest request, TableDecoder decoder)
      throws InterruptedException {
    TableReader reading = running.get(decoder.table());
    if (reading != null && !request.isGap() && !request.isAfresh()) {
      LOG.info("table {} is being read already", request.table());
      return;
    }
    if (reading != null) {
      // What was read may lack what nobody was told of.
      running.remove(decoder.table());
      reading.giveUp();
    }
    if (request.isIncomplete() && pipeline.isHeldBack(decoder.table())) {
      // That is noted with the batch, and all transactions of it are known.
      start(request, decoder, false);
      return;
    }
    commits.runAlone(p -> {
      // A change of a row that nobody was told of may lack values that only the row has.
      boolean holdBack =
          request.isAfresh()
              || request.isGap()
              || request.isIncomplete()
              || p.isHeldBack(decoder.table());
      p.requestReading(decoder.table(), request.why(), holdBack);
      oids.note(p, request);
    });
    start(
        request,
        decoder,
        !request.isIncomplete() && (request.isGap() || pipeline.isHeldBack(decoder.table())));
  }

  /** A new table that can be read; why it cannot is told. */
  private Optional<CapturedTable> find(SourceTable table) {
    try {
      Optional<CapturedTable> found = tables.find(table);
      if (found.isEmpty()) {
        LOG.warn("table {} is not there, or not captured: it is not read", table);
      }
      return found;
    } catch (SettingsException e) {
      LOG.warn("table {} is left out, and will stop the next start: {}", table, e.getMessage());
      return Optional.empty();
    }
  }

  private void beginNew(ReadingRequest request) throws InterruptedException {
    Optional<CapturedTable> found = find(request.table());
    if (found.isEmpty()) {
      gone.add(request.table());
      return;
    }
    gone.remove(request.table());
    TableDecoder decoder =
        commits.callAlone(p -> {
          TableDecoder opened = tables.open(p, found.orElseThrow());
          if (opened.isShard()) {
            // The others are there already.
            p.requestReading(opened.table(), "a shard of it is " + request.why(), true);
            KnownShards.note(p, tables.decoders());
          }
          oids.note(p, request);
          return opened;
        });
    giveUp(decoder);
    again.remove(decoder.table());
    start(request, decoder, true);
  }

  /**
   * @param awaitsOlder whether there may be transactions of which nothing is known here
   */
  private void start(ReadingRequest request, TableDecoder decoder, boolean awaitsOlder) {
    TableReader reader =
        new TableReader(
            source,
            request,
            tables.shards(decoder).stream().map(TableDecoder::captured).toList(),
            decoder.target(),
            decoder.anotherSieve(),
            pipeline.read(decoder.table(), recent),
            awaitsOlder ? Optional.empty() : told,
            permits);
    if (largeOpen) {
      reader.reading().largeBegins();
    }
    TableReader before = running.put(decoder.table(), reader);
    if (before != null) {
      before.giveUp();
    }
    LOG.info("table {} is read beside the stream: {}", request.table(), request.why());
    threads.execute(reader);
  }

  private void complete(TableReader reader) throws InterruptedException {
    long start = System.nanoTime();
    Optional<CommittedBatch> batch =
        commits.callAlone(p -> p.complete(reader.reading(), reader.readAt()));
    running.remove(reader.reading().table());
    if (batch.isEmpty()) {
      requestAgain(reader.reading().table());
      return;
    }
    again.remove(reader.reading().table());
    committed.accept(batch.orElseThrow(), Duration.ofNanos(System.nanoTime() - start));
    LOG.info(
        "table {} was read: {} rows took its place in the lake",
        reader.table(),
        reader.reading().rows());
  }

  private void forget(TableReader reader) throws InterruptedException {
    commits.runAlone(p -> {
      // Its last changes may be still to come, of rows that the lake does not have.
      if (!p.isHeldBack(reader.reading().table())) {
        p.forgetReading(reader.reading().table());
      }
    });
    running.remove(reader.reading().table());
    LOG.warn(
        "table {} is not at the source any more: it was not read, the lake keeps what it has{}",
        reader.table(),
        pipeline.isHeldBack(reader.reading().table()) ? ", without its last changes" : "");
  }

  /** Gives up what runs; the next process begins it again. */
  @Override
  public void close() {
    List<TableReader> open = new ArrayList<>(running.values());
    open.forEach(TableReader::close);
    threads.shutdownNow();
    try {
      boolean unused = threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
