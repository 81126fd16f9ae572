package dev.firn.ingest.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tables that are altered, emptied, dropped, made and renamed in the midst of transactions that
 * change their rows, and one with every type. All follows from the random numbers, because nobody
 * else changes these tables.
 */
final class AlteringLoad implements AutoCloseable {
  private static final int MAX_CHANGES = 6;
  private static final int MAX_PAUSE_MILLIS = 250;

  /** One transaction of so many alters a table. */
  private static final int ALTERING = 20;

  /** One of so many is rolled back. */
  private static final int ROLLED_BACK = 12;

  private final TortureSql sql;
  private final Connection connection;
  private final SplittableRandom random;
  private final EveryType everyType;
  private final List<AlteredTable> tables = new ArrayList<>();

  /** One that comes and goes, under several names. */
  private @Nullable AlteredTable guest;

  private final LongAdder transactions = new LongAdder();
  private final LongAdder alterations = new LongAdder();
  private final Thread thread;
  private volatile boolean mayAlter;
  private volatile boolean stopping;
  private volatile @Nullable SQLException failure;

  private AlteringLoad(TortureSql sql, Connection connection, SplittableRandom random) {
    this.sql = sql;
    this.connection = connection;
    this.random = random;
    this.everyType = new EveryType(sql, random.split());
    tables.add(new AlteredTable(sql, "shelves", true, random.split()));
    tables.add(new AlteredTable(sql, "moods", false, random.split()));
    this.thread = Thread.ofPlatform().name("altering-load").unstarted(this::run);
  }

  /** Makes the tables; they are not changed before {@link #start}. */
  static AlteringLoad prepare(Shop shop, SplittableRandom random) throws SQLException {
    Connection connection = shop.connect();
    TortureSql sql = TortureSql.of(shop);
    AlteringLoad load = new AlteringLoad(sql, connection, random);
    connection.setAutoCommit(false);
    load.execute(sql.session());
    load.execute(load.everyType.create());
    for (AlteredTable table : load.tables) {
      load.execute(table.create());
      table.ended(true);
    }
    connection.commit();
    return load;
  }

  void start() {
    thread.start();
  }

  /**
   * From now on tables are altered and emptied, too. While an initial snapshot reads them that
   * waits for its locks; at its very begin it would have to start over, or to be taken again.
   */
  void mayAlter() {
    mayAlter = true;
  }

  /** Transactions that were committed. */
  long transactions() {
    return transactions.sum();
  }

  /** How often a table was altered, made, dropped or renamed. */
  long alterations() {
    return alterations.sum();
  }

  /** What ended it early. */
  Optional<SQLException> failure() {
    return Optional.ofNullable(failure);
  }

  /** The tables that are there at its end, but for that of every type. */
  List<AlteredTable> tables() {
    List<AlteredTable> there = new ArrayList<>(tables);
    if (guest != null) {
      there.add(guest);
    }
    return there;
  }

  private void run() {
    try {
      while (!stopping) {
        transaction();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(MAX_PAUSE_MILLIS)));
      }
      for (AlteredTable table : tables()) {
        execute(table.touch());
      }
      connection.commit();
    } catch (SQLException e) {
      failure = e;
    }
  }

  private void transaction() throws SQLException {
    if (mayAlter) {
      tables().forEach(AlteredTable::mayEmpty);
    }
    if (mayAlter && random.nextInt(ALTERING * 5) == 0) {
      changeGuest();
      return;
    }
    List<AlteredTable> there = tables();
    AlteredTable table = there.get(random.nextInt(there.size()));
    if (mayAlter && random.nextInt(ALTERING * 3) == 0) {
      changeTypes(table);
      return;
    }
    boolean alters = mayAlter && random.nextInt(ALTERING) == 0;
    int changes = 1 + random.nextInt(MAX_CHANGES);
    int altersAt = random.nextInt(changes);
    for (int i = 0; i < changes; i++) {
      if (alters && i == altersAt) {
        alter(table);
      } else {
        execute(random.nextInt(3) == 0 ? everyType.change() : table.changeRows());
      }
    }
    boolean isCommitted = random.nextInt(ROLLED_BACK) > 0;
    if (isCommitted) {
      connection.commit();
      transactions.increment();
    } else {
      connection.rollback();
    }
    table.ended(isCommitted);
  }

  /** What a definition commits by itself is committed with the row that tells the lake of it. */
  private void alter(AlteredTable table) throws SQLException {
    alterations.increment();
    execute(table.alter());
    if (sql.commitsDefinitions()) {
      connection.commit();
      table.ended(true);
    }
  }

  private void changeTypes(AlteredTable table) throws SQLException {
    alterations.increment();
    execute(table.changeTypes());
    connection.commit();
    table.ended(true);
    execute(table.touch());
    connection.commit();
  }

  private void changeGuest() throws SQLException {
    alterations.increment();
    AlteredTable there = guest;
    if (there == null) {
      AlteredTable made = new AlteredTable(sql, "guest_" + random.nextInt(3), true, random.split());
      execute(made.create());
      made.ended(true);
      guest = made;
    } else if (random.nextInt(3) == 0) {
      AlteredTable renamed = there.as("guest_" + (3 + random.nextInt(3)));
      if (!renamed.name().equals(there.name())) {
        execute(List.of(sql.rename("shop." + there.name(), renamed.name())));
        execute(renamed.touch());
        guest = renamed;
      }
    } else if (random.nextBoolean()) {
      // Another table of the same name.
      execute(List.of(there.drop()));
      execute(there.create());
      there.ended(true);
    } else {
      execute(List.of(there.drop()));
      guest = null;
    }
    connection.commit();
  }

  private void execute(List<String> statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  /** Lets the running transaction finish and stops. */
  @Override
  public void close() {
    stopping = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SQLException e) {
      failure = e;
    }
  }
}
