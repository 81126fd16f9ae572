package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares two tables as multisets of rows, in memory that does not grow with them.
 *
 * <p>Both are read once and summed up by 128-bit row hashes in buckets of keys. Only where sums
 * differ, some buckets are read again to name keys and columns.
 */
public final class RowComparison {
  private static final int BUCKETS = 1 << 14;
  private static final int BUCKETS_READ_AGAIN = 16;
  private static final int KEYS_HELD = 50_000;
  private static final int DIFFERENCES_NAMED = 5;

  /**
   * What came out.
   *
   * @param counts all that differs
   * @param differences the first ones found; empty means equal
   */
  public record Result(
      long sourceRows, long lakeRows, Counts counts, List<Difference> differences) {
    public Result {
      requireNonNull(counts, "counts is null");
      differences = List.copyOf(differences);
    }

    public boolean equal() {
      return differences.isEmpty();
    }
  }

  /**
   * What differs, by keys.
   *
   * @param lost rows of the source that the lake lacks
   * @param doubled rows that the lake has more often than the source, which may have none
   * @param changed keys with as many rows on both sides, but other ones
   */
  public record Counts(long lost, long doubled, long changed) {
    public static final Counts NONE = new Counts(0, 0, 0);

    public Counts plus(Counts other) {
      return new Counts(lost + other.lost, doubled + other.doubled, changed + other.changed);
    }
  }

  /** A key whose rows differ, and how. */
  public record Difference(String key, String what) {
    @Override
    public String toString() {
      return key + ": " + what;
    }
  }

  private final CanonicalRows source;
  private final CanonicalRows lake;
  private final int[] key;
  private final MessageDigest digest = md5();

  private RowComparison(CanonicalRows source, CanonicalRows lake, int[] key) {
    this.source = source;
    this.lake = lake;
    this.key = key;
  }

  /**
   * Reads and compares both.
   *
   * @param keyColumns the key's columns; empty: the whole row is the key
   */
  public static Result compare(CanonicalRows source, CanonicalRows lake, List<String> keyColumns) {
    requireNonNull(source, "source is null");
    requireNonNull(lake, "lake is null");
    if (!source.columns().equals(lake.columns())) {
      throw new IllegalArgumentException(
          "columns %s and %s".formatted(source.columns(), lake.columns()));
    }
    List<String> named = keyColumns.isEmpty() ? source.columns() : keyColumns;
    int[] key = named.stream().mapToInt(source.columns()::indexOf).toArray();
    return new RowComparison(source, lake, key).run();
  }

  private Result run() {
    Sums ofSource = sums(source);
    Sums ofLake = sums(lake);
    BitSet differing = ofSource.differing(ofLake);
    return differing.isEmpty()
        ? new Result(ofSource.rows, ofLake.rows, Counts.NONE, List.of())
        : new Result(ofSource.rows, ofLake.rows, counts(differing), differences(differing));
  }

  /** Per bucket of keys: the sum of its rows' hashes modulo 2^128. */
  private static final class Sums {
    final long[] high = new long[BUCKETS];
    final long[] low = new long[BUCKETS];
    long rows;

    void add(int bucket, long hashHigh, long hashLow) {
      long sum = low[bucket] + hashLow;
      long carry = Long.compareUnsigned(sum, hashLow) < 0 ? 1 : 0;
      low[bucket] = sum;
      high[bucket] += hashHigh + carry;
      rows++;
    }

    BitSet differing(Sums other) {
      BitSet differing = new BitSet(BUCKETS);
      for (int i = 0; i < BUCKETS; i++) {
        differing.set(i, high[i] != other.high[i] || low[i] != other.low[i]);
      }
      return differing;
    }
  }

  private Sums sums(CanonicalRows rows) {
    int[] all = allColumns(rows);
    Sums sums = new Sums();
    rows.forEach(row -> {
      ByteBuffer hash = hash(row, all);
      sums.add(bucket(row), hash.getLong(), hash.getLong());
    });
    return sums;
  }

  private int bucket(@Nullable String[] row) {
    return hash(row, key).getInt() & (BUCKETS - 1);
  }

  private ByteBuffer hash(@Nullable String[] row, int[] columns) {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
    for (int column : columns) {
      String value = row[column];
      byte[] bytes = value == null ? new byte[0] : value.getBytes(UTF_8);
      digest.update(length.clear().putInt(value == null ? -1 : bytes.length).flip());
      digest.update(bytes);
    }
    return ByteBuffer.wrap(digest.digest());
  }

  private record Hash(long high, long low) {}

  /** How many rows of a key both sides have, and the source's hashes less the lake's. */
  private static final class Balance {
    long source;
    long lake;
    long hashes;

    Counts counts() {
      return new Counts(
          Math.max(0, source - lake),
          Math.max(0, lake - source),
          source == lake && hashes != 0 ? 1 : 0);
    }
  }

  private Counts counts(BitSet differing) {
    Map<Hash, Balance> byKey = new HashMap<>();
    balance(source, differing, byKey, 1);
    balance(lake, differing, byKey, -1);
    return byKey.values().stream().map(Balance::counts).reduce(Counts.NONE, Counts::plus);
  }

  private void balance(CanonicalRows rows, BitSet buckets, Map<Hash, Balance> byKey, int sign) {
    int[] all = allColumns(rows);
    rows.forEach(row -> {
      if (buckets.get(bucket(row))) {
        ByteBuffer ofKey = hash(row, key);
        Balance balance =
            byKey.computeIfAbsent(new Hash(ofKey.getLong(), ofKey.getLong()), any -> new Balance());
        balance.source += sign > 0 ? 1 : 0;
        balance.lake += sign > 0 ? 0 : 1;
        balance.hashes += sign * hash(row, all).getLong();
      }
    });
  }

  private static int[] allColumns(CanonicalRows rows) {
    int[] all = new int[rows.columns().size()];
    Arrays.setAll(all, i -> i);
    return all;
  }

  /** The rows of one key, on both sides. */
  private static final class Rows {
    final List<List<@Nullable String>> source = new ArrayList<>();
    final List<List<@Nullable String>> lake = new ArrayList<>();
  }

  private List<Difference> differences(BitSet differing) {
    BitSet some = new BitSet(BUCKETS);
    differing.stream().limit(BUCKETS_READ_AGAIN).forEach(some::set);
    Map<String, Rows> byKey = new TreeMap<>();
    collect(source, some, byKey, true);
    collect(lake, some, byKey, false);
    List<Difference> found = new ArrayList<>();
    byKey.forEach((name, rows) -> {
      if (found.size() < DIFFERENCES_NAMED) {
        describe(rows).ifPresent(what -> found.add(new Difference(name, what)));
      }
    });
    return found.isEmpty()
        ? List.of(new Difference("(unnamed)", "differs, but not when read again"))
        : found;
  }

  private void collect(
      CanonicalRows rows, BitSet buckets, Map<String, Rows> byKey, boolean fromSource) {
    rows.forEach(row -> {
      if (buckets.get(bucket(row))) {
        String name = name(row);
        if (byKey.size() < KEYS_HELD || byKey.containsKey(name)) {
          Rows held = byKey.computeIfAbsent(name, any -> new Rows());
          (fromSource ? held.source : held.lake).add(Arrays.asList(row.clone()));
        }
      }
    });
  }

  private String name(@Nullable String[] row) {
    StringBuilder name = new StringBuilder();
    for (int column : key) {
      name.append(name.isEmpty() ? "" : ", ");
      name.append(source.columns().get(column)).append('=').append(row[column]);
    }
    return name.toString();
  }

  private Optional<String> describe(Rows rows) {
    int before = rows.source.size();
    int after = rows.lake.size();
    if (before == 1 && after == 1) {
      List<String> columns = differingColumns(rows.source.get(0), rows.lake.get(0));
      return columns.isEmpty()
          ? Optional.empty()
          : Optional.of("differs in " + String.join(", ", columns));
    }
    if (after == 0) {
      return Optional.of("missing in the lake");
    }
    if (before == 0) {
      return Optional.of("only in the lake");
    }
    if (before != after) {
      return Optional.of("%d rows at the source, %d in the lake".formatted(before, after));
    }
    return sorted(rows.source).equals(sorted(rows.lake))
        ? Optional.empty()
        : Optional.of("%d rows differ".formatted(before));
  }

  private List<String> differingColumns(List<@Nullable String> a, List<@Nullable String> b) {
    List<String> differing = new ArrayList<>();
    for (int i = 0; i < a.size(); i++) {
      if (!Objects.equals(a.get(i), b.get(i))) {
        differing.add(source.columns().get(i));
      }
    }
    return differing;
  }

  private static List<String> sorted(List<List<@Nullable String>> rows) {
    return rows.stream().map(List::toString).sorted().toList();
  }

  private static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
