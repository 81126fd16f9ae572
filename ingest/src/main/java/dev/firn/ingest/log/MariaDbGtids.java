package dev.firn.ingest.log;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The last GTID of each server in each domain of MariaDB, {@code domain-server-sequence}, as in
 * {@code 0-7-22,0-8-21,3-9-1}.
 *
 * <p>A server counts up within a domain. MariaDB itself names one GTID a domain, the last one; the
 * servers are kept apart here, so that a number that another server has given is not taken for one
 * that was seen.
 *
 * @param last the last sequence number of each
 */
record MariaDbGtids(NavigableMap<Stream, Long> last) implements GtidSet {
  /** What one server writes in one domain. */
  record Stream(long domain, long server) implements Comparable<Stream> {
    @Override
    public int compareTo(Stream other) {
      return Comparator.comparingLong(Stream::domain)
          .thenComparingLong(Stream::server)
          .compare(this, other);
    }
  }

  static MariaDbGtids parse(String text) {
    NavigableMap<Stream, Long> last = new TreeMap<>();
    for (String gtid : text.replaceAll("\\s", "").split(",", -1)) {
      String[] parts = gtid.split("-", -1);
      if (parts.length != 3) {
        throw new IllegalArgumentException("'%s' is no GTID set of MariaDB".formatted(text));
      }
      last.merge(
          new Stream(Long.parseLong(parts[0]), Long.parseLong(parts[1])),
          Long.valueOf(parts[2]),
          Math::max);
    }
    return new MariaDbGtids(last);
  }

  /** The highest number of each domain. */
  private Map<Long, Long> byDomain() {
    Map<Long, Long> highest = new TreeMap<>();
    last.forEach((stream, number) -> highest.merge(stream.domain(), number, Math::max));
    return highest;
  }

  @Override
  public MariaDbGtids with(GtidSet other) {
    NavigableMap<Stream, Long> all = new TreeMap<>(last);
    ((MariaDbGtids) other).last.forEach((stream, number) -> all.merge(stream, number, Math::max));
    return new MariaDbGtids(all);
  }

  @Override
  public boolean containsAll(LogSet other) {
    return other instanceof MariaDbGtids gtids
        && gtids.last.entrySet().stream()
            .allMatch(gtid -> last.getOrDefault(gtid.getKey(), -1L) >= gtid.getValue());
  }

  /** By domains: their numbers count up whatever server writes. */
  @Override
  public boolean covers(GtidSet other) {
    Map<Long, Long> highest = byDomain();
    return ((MariaDbGtids) other)
        .byDomain().entrySet().stream()
            .allMatch(gtid -> highest.getOrDefault(gtid.getKey(), -1L) >= gtid.getValue());
  }

  /** One a domain: the highest. */
  @Override
  public String resuming() {
    Map<Long, Long> highest = byDomain();
    NavigableMap<Stream, Long> one = new TreeMap<>(last);
    one.entrySet().removeIf(gtid -> !gtid.getValue().equals(highest.get(gtid.getKey().domain())));
    return new MariaDbGtids(one).toString();
  }

  /** One a domain: the new one takes the place of the last. */
  @Override
  public String resumingAfter(String gtid) {
    MariaDbGtids newest = parse(gtid);
    long domain = newest.last.firstKey().domain();
    String others =
        Arrays.stream(toString().split(",", -1))
            .filter(other -> !other.startsWith(domain + "-"))
            .map(other -> other + ",")
            .collect(Collectors.joining());
    return others + newest;
  }

  @Override
  public String toString() {
    return last.entrySet().stream()
        .map(gtid ->
            "%d-%d-%d".formatted(gtid.getKey().domain(), gtid.getKey().server(), gtid.getValue()))
        .collect(Collectors.joining(","));
  }
}
