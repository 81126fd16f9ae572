package dev.firn.ingest.log;

import static java.util.stream.Collectors.joining;

import java.math.BigInteger;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The last commit LSN of each database of SQL Server, as in {@code
 * [sales]00000027:00000ac0:0002[stock]00000030:00000010:0001}.
 *
 * @param last by database; hexadecimal digits of fixed width, whose order is that of the log
 */
record CommitLsns(NavigableMap<String, String> last) implements LogSet {
  private static final int LSN_LENGTH = "00000027:00000ac0:0002".length();

  static CommitLsns of(String database, String lsn) {
    if (lsn.length() != LSN_LENGTH) {
      throw new IllegalArgumentException("'%s' is no LSN of SQL Server".formatted(lsn));
    }
    NavigableMap<String, String> last = new TreeMap<>();
    last.put(database, lsn.toLowerCase(Locale.ROOT));
    return new CommitLsns(last);
  }

  /** A database's name may hold anything, a bracket doubled; an LSN has a fixed length. */
  static CommitLsns parse(String text) {
    CommitLsns all = new CommitLsns(new TreeMap<>());
    int at = 0;
    while (at < text.length()) {
      int end = at + 1;
      while (text.charAt(end) != ']' || text.startsWith("]]", end)) {
        end += text.startsWith("]]", end) ? 2 : 1;
      }
      String database = text.substring(at + 1, end).replace("]]", "]");
      at = end + 1 + LSN_LENGTH;
      all = all.with(of(database, text.substring(end + 1, at)));
    }
    return all;
  }

  /** The LSN just before one. */
  static String before(String lsn) {
    BigInteger number = new BigInteger(lsn.replace(":", ""), 16).subtract(BigInteger.ONE);
    String digits = "%020x".formatted(number.max(BigInteger.ZERO));
    return "%s:%s:%s"
        .formatted(digits.substring(0, 8), digits.substring(8, 16), digits.substring(16));
  }

  CommitLsns with(CommitLsns other) {
    NavigableMap<String, String> all = new TreeMap<>(last);
    other.last.forEach(
        (database, lsn) -> all.merge(database, lsn, (a, b) -> a.compareTo(b) >= 0 ? a : b));
    return new CommitLsns(all);
  }

  @Override
  public boolean containsAll(LogSet other) {
    return other instanceof CommitLsns lsns
        && lsns.last.entrySet().stream()
            .allMatch(of -> last.getOrDefault(of.getKey(), "").compareTo(of.getValue()) >= 0);
  }

  @Override
  public String toString() {
    return last.entrySet().stream()
        .map(of -> "[%s]%s".formatted(of.getKey().replace("]", "]]"), of.getValue()))
        .collect(joining());
  }
}
