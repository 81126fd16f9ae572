package dev.firn.compaction.health;

/**
 * What a store charges, in any one currency.
 *
 * @param thousandPuts for 1,000 requests that write
 * @param thousandGets for 1,000 requests that read
 * @param gigabyteMonth for 2^30 bytes kept for a month
 */
public record Prices(double thousandPuts, double thousandGets, double gigabyteMonth) {
  /** The list price of S3's standard class in us-east-1, in dollars. */
  public static final Prices DEFAULT = new Prices(0.005, 0.0004, 0.023);

  private static final double HOURS_PER_MONTH = 730;

  public Prices {
    requirePrice(thousandPuts);
    requirePrice(thousandGets);
    requirePrice(gigabyteMonth);
  }

  private static void requirePrice(double price) {
    if (!(price >= 0 && price < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("no price: " + price);
    }
  }

  /** What a month costs in which each hour is like this one. */
  double monthOf(TableHealth.Requests hour) {
    return HOURS_PER_MONTH * (hour.puts() * thousandPuts + hour.gets() * thousandGets) / 1000;
  }

  double monthOf(long bytes) {
    return bytes * gigabyteMonth / (1L << 30);
  }
}
