package dev.firn.ingest.demo;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** Customers at work: transactions over several tables at a steady rate, until it is stopped. */
final class Load implements AutoCloseable {
  /** Told, on the load's threads, of orders that came and went. */
  interface Listener {
    /** The commit that placed an order has just returned. */
    void placed(long orderId, long atNanos);

    /** An order is about to be deleted. */
    void cancelled(long orderId);
  }

  private static final long SEED = 0xF1A9;
  private static final int PER_CONNECTION = 150;
  private static final int MAX_CONNECTIONS = 8;
  private static final int REMEMBERED = 400;

  /** A source that cannot keep up is not asked for more and more. */
  private static final Duration CATCH_UP = Duration.ofMillis(100);

  private final LongAdder transactions = new LongAdder();
  private final LongAdder rows = new LongAdder();
  private final Listener listener;
  private final AtomicLong orderIds;
  private final int customers;
  private final int products;
  private final PacedConnections connections;

  private Load(Shop shop, int rate, int run, Listener listener) throws SQLException {
    this.listener = listener;
    try (Connection connection = shop.connect()) {
      this.orderIds = new AtomicLong(number(connection, "SELECT max(id) FROM shop.orders"));
      this.customers = (int) number(connection, "SELECT count(*) FROM shop.customers");
      this.products = (int) number(connection, "SELECT count(*) FROM shop.products");
    }
    int workers = Math.min(MAX_CONNECTIONS, 1 + rate / PER_CONNECTION);
    List<PacedConnections.Worker> all = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      SplittableRandom random = new SplittableRandom(SEED + run * 1000L + i);
      Connection connection = shop.connect();
      Worker worker = new Worker(shop.sql(), connection, random, i, workers);
      all.add(new PacedConnections.Worker(connection, worker::transaction));
    }
    this.connections = PacedConnections.start("load", all, rate, CATCH_UP);
  }

  /**
   * @param run makes each run's transactions other ones
   */
  static Load start(Shop shop, int rate, int run, Listener listener) throws SQLException {
    return new Load(shop, rate, run, listener);
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      found.next();
      return found.getLong(1);
    }
  }

  long transactions() {
    return transactions.sum();
  }

  /** Rows inserted, updated and deleted by the committed transactions. */
  long rows() {
    return rows.sum();
  }

  /** What ended the load early. */
  Optional<SQLException> failure() {
    return connections.failure();
  }

  /** Lets the running transactions finish and stops. */
  @Override
  public void close() {
    connections.close();
  }

  /** An order's lines are sorted by product: rows are locked in one order by everybody. */
  private record Order(long id, long customer, List<Line> lines) {}

  private record Line(int product, int quantity) {}

  /** One connection's share of the load; it alone touches the orders that it remembers. */
  private final class Worker {
    private static final String[] CARRIERS = {"Polar Post", "Ski Courier", "Husky"};

    private final ShopSql sql;
    private final Connection connection;
    private final SplittableRandom random;
    private final int number;
    private final Deque<Order> placed = new ArrayDeque<>();
    private final Deque<Order> paid = new ArrayDeque<>();
    private final Deque<String> shipped = new ArrayDeque<>();
    private long trackingNumbers;

    private final PreparedStatement insertOrder;
    private final PreparedStatement insertItem;
    private final PreparedStatement takeStock;
    private final PreparedStatement payOrder;
    private final PreparedStatement addPoints;
    private final PreparedStatement shipOrder;
    private final PreparedStatement insertShipment;
    private final PreparedStatement deleteItems;
    private final PreparedStatement deleteOrder;
    private final PreparedStatement changePrice;
    private final PreparedStatement changeAddress;
    private final PreparedStatement changePreferences;
    private final PreparedStatement changeTracking;

    Worker(ShopSql sql, Connection connection, SplittableRandom random, int number, int workers)
        throws SQLException {
      this.sql = sql;
      this.connection = connection;
      this.random = random;
      this.number = number;
      connection.setAutoCommit(false);
      insertOrder =
          connection.prepareStatement(
              "INSERT INTO shop.orders (id, customer_id, status, total, currency, note, placed_at)"
                  + " VALUES (?, ?, 'placed', ?, 'EUR', ?, now())");
      insertItem =
          connection.prepareStatement(
              "INSERT INTO shop.order_items"
                  + " (order_id, line, product_id, quantity, unit_price, discount)"
                  + " VALUES (?, ?, ?, ?, ?, ?)");
      takeStock =
          connection.prepareStatement(
              "UPDATE shop.products SET stock = stock - ?, updated_at = now() WHERE id = ?");
      payOrder =
          connection.prepareStatement(
              "UPDATE shop.orders SET status = 'paid', paid_at = now(), updated_at = now()"
                  + " WHERE id = ?");
      addPoints =
          connection.prepareStatement(
              "UPDATE shop.customers SET points = points + ?, updated_at = now() WHERE id = ?");
      shipOrder =
          connection.prepareStatement(
              "UPDATE shop.orders SET status = 'shipped', updated_at = now() WHERE id = ?");
      insertShipment =
          connection.prepareStatement(
              "INSERT INTO shop.shipments (tracking_number, order_id, carrier, fee, ships_on,"
                  + " pick_up_at, packed_at, label, insured)"
                  + " VALUES (?, ?, ?, ?, "
                  + sql.soon()
                  + ", ?, ?)");
      deleteItems = connection.prepareStatement("DELETE FROM shop.order_items WHERE order_id = ?");
      deleteOrder = connection.prepareStatement("DELETE FROM shop.orders WHERE id = ?");
      changePrice =
          connection.prepareStatement(
              "UPDATE shop.products SET price = ?, updated_at = now() WHERE id = ?");
      changeAddress =
          connection.prepareStatement(
              "UPDATE shop.customers SET email = ?, newsletter = NOT newsletter,"
                  + " updated_at = now() WHERE id = ?");
      changePreferences =
          connection.prepareStatement(
              "UPDATE shop.customers SET preferences = "
                  + sql.size()
                  + ", updated_at = now() WHERE id = ?");
      changeTracking =
          connection.prepareStatement(
              "UPDATE shop.shipments SET tracking_number = ?, updated_at = now()"
                  + " WHERE tracking_number = ?");
      trackingNumbers = Load.number(connection, "SELECT count(*) FROM shop.shipments") * 100;
      remember(workers);
      connection.commit();
    }

    /** Takes over its share of the orders that earlier runs left open. */
    private void remember(int workers) throws SQLException {
      String open =
          "SELECT o.id, o.customer_id, o.status, "
              + sql.joined("i.product_id")
              + ", "
              + sql.joined("i.quantity")
              + " FROM shop.orders o JOIN shop.order_items i ON i.order_id = o.id"
              + " WHERE o.status <> 'shipped' AND o.id % ? = ?"
              + " GROUP BY o.id ORDER BY o.id DESC LIMIT ?";
      try (PreparedStatement query = connection.prepareStatement(open)) {
        query.setInt(1, workers);
        query.setInt(2, number);
        query.setInt(3, REMEMBERED);
        try (ResultSet found = query.executeQuery()) {
          while (found.next()) {
            Order order = new Order(found.getLong(1), found.getLong(2), lines(found));
            ("paid".equals(found.getString(3)) ? paid : placed).addFirst(order);
          }
        }
      }
    }

    private static List<Line> lines(ResultSet found) throws SQLException {
      String[] products = found.getString(4).split(",", -1);
      String[] quantities = found.getString(5).split(",", -1);
      List<Line> lines = new ArrayList<>();
      for (int i = 0; i < products.length; i++) {
        lines.add(new Line(Integer.parseInt(products[i]), Integer.parseInt(quantities[i])));
      }
      return lines;
    }

    void transaction() throws SQLException {
      try {
        int changed = change();
        rows.add(changed);
        transactions.increment();
      } catch (SQLException e) {
        connection.rollback();
        if (!sql.deadlock().equals(e.getSQLState())) {
          throw e;
        }
      }
    }

    private int change() throws SQLException {
      int dice = random.nextInt(100);
      if (dice < 22 && !placed.isEmpty()) {
        return pay(placed.removeFirst());
      }
      if (dice < 40 && !paid.isEmpty()) {
        return ship(paid.removeFirst());
      }
      if (dice < 45 && placed.size() > 20) {
        return cancel(placed.removeFirst());
      }
      if (dice < 52) {
        return changePrice();
      }
      if (dice < 60) {
        return editCustomer();
      }
      if (dice < 62 && !shipped.isEmpty()) {
        return changeTracking(shipped.removeFirst());
      }
      return place();
    }

    private int place() throws SQLException {
      Order order = newOrder();
      insertOrder.setLong(1, order.id());
      insertOrder.setLong(2, order.customer());
      insertOrder.setBigDecimal(3, BigDecimal.valueOf(1000 + random.nextInt(90_000), 2));
      insertOrder.setString(4, random.nextInt(10) == 0 ? "gift no. " + random.nextInt(99) : null);
      insertOrder.executeUpdate();
      int number = 1;
      for (Line line : order.lines()) {
        insertItem.setLong(1, order.id());
        insertItem.setInt(2, number++);
        insertItem.setInt(3, line.product());
        insertItem.setInt(4, line.quantity());
        insertItem.setBigDecimal(5, BigDecimal.valueOf(499 + random.nextInt(30_000), 2));
        insertItem.setDouble(6, random.nextInt(5) / 20.0);
        insertItem.addBatch();
      }
      insertItem.executeBatch();
      stock(order, 1);
      connection.commit();
      listener.placed(order.id(), System.nanoTime());
      addRemembered(placed, order);
      return 1 + 2 * order.lines().size();
    }

    private Order newOrder() {
      List<Line> lines =
          IntStream.rangeClosed(0, random.nextInt(4))
              .map(any -> popularProduct())
              .distinct()
              .sorted()
              .mapToObj(product -> new Line(product, random.nextInt(1, 4)))
              .toList();
      long customer = random.nextLong(1, customers + 1L);
      return new Order(orderIds.incrementAndGet(), customer, lines);
    }

    /** The lower its number, the oftener a product is bought. */
    private int popularProduct() {
      double dice = random.nextDouble();
      return 1 + (int) (dice * dice * products);
    }

    private void stock(Order order, int sign) throws SQLException {
      for (Line line : order.lines()) {
        takeStock.setInt(1, sign * line.quantity());
        takeStock.setInt(2, line.product());
        takeStock.addBatch();
      }
      takeStock.executeBatch();
    }

    private int pay(Order order) throws SQLException {
      payOrder.setLong(1, order.id());
      int changed = payOrder.executeUpdate();
      addPoints.setInt(1, random.nextInt(1, 50));
      addPoints.setLong(2, order.customer());
      changed += addPoints.executeUpdate();
      connection.commit();
      addRemembered(paid, order);
      return changed;
    }

    private int ship(Order order) throws SQLException {
      String tracking = newTracking();
      byte[] label = new byte[12];
      random.nextBytes(label);
      shipOrder.setLong(1, order.id());
      int changed = shipOrder.executeUpdate();
      insertShipment.setString(1, tracking);
      insertShipment.setLong(2, order.id());
      insertShipment.setString(3, CARRIERS[random.nextInt(CARRIERS.length)]);
      insertShipment.setBigDecimal(4, BigDecimal.valueOf(random.nextInt(20_000), 3));
      insertShipment.setBytes(5, label);
      insertShipment.setBoolean(6, random.nextBoolean());
      changed += insertShipment.executeUpdate();
      connection.commit();
      addRemembered(shipped, tracking);
      return changed;
    }

    private int cancel(Order order) throws SQLException {
      listener.cancelled(order.id());
      deleteItems.setLong(1, order.id());
      int changed = deleteItems.executeUpdate();
      deleteOrder.setLong(1, order.id());
      changed += deleteOrder.executeUpdate();
      stock(order, -1);
      connection.commit();
      return changed + order.lines().size();
    }

    private int changePrice() throws SQLException {
      changePrice.setBigDecimal(1, BigDecimal.valueOf(499 + random.nextInt(30_000), 2));
      changePrice.setInt(2, 1 + random.nextInt(products));
      int changed = changePrice.executeUpdate();
      connection.commit();
      return changed;
    }

    private int editCustomer() throws SQLException {
      int customer = 1 + random.nextInt(customers);
      PreparedStatement edit;
      if (random.nextBoolean()) {
        edit = changeAddress;
        edit.setString(1, "customer%d+%d@example.com".formatted(customer, random.nextInt(1000)));
      } else {
        edit = changePreferences;
        edit.setInt(1, random.nextInt(12));
      }
      edit.setLong(2, customer);
      int changed = edit.executeUpdate();
      connection.commit();
      return changed;
    }

    private int changeTracking(String old) throws SQLException {
      String tracking = newTracking();
      changeTracking.setString(1, tracking);
      changeTracking.setString(2, old);
      int changed = changeTracking.executeUpdate();
      connection.commit();
      addRemembered(shipped, tracking);
      return changed;
    }

    private String newTracking() {
      return "FIRN%d-%d-%d".formatted(number, trackingNumbers++, random.nextInt(100, 1000));
    }

    private static <T> void addRemembered(Deque<T> remembered, T one) {
      remembered.addLast(one);
      if (remembered.size() > REMEMBERED) {
        remembered.removeFirst();
      }
    }
  }
}
