package dev.firn.ingest.log;

import java.util.Comparator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A GTID set of MySQL, {@code uuid:1-5:7,uuid:1-3}, also with tags: {@code uuid:tag:1-3}.
 *
 * @param intervals first and last number of each gapless run, by source
 */
record MySqlGtids(NavigableMap<String, NavigableMap<Long, Long>> intervals) implements GtidSet {
  static MySqlGtids parse(String text) {
    NavigableMap<String, NavigableMap<Long, Long>> all = new TreeMap<>();
    for (String ofServer : text.replaceAll("\\s", "").split(",", -1)) {
      String[] parts = ofServer.split(":", -1);
      String source = parts[0].toLowerCase(java.util.Locale.ROOT);
      if (parts.length < 2 || source.isEmpty()) {
        throw new IllegalArgumentException("'%s' is no GTID set of MySQL".formatted(text));
      }
      for (int i = 1; i < parts.length; i++) {
        if (Character.isDigit(parts[i].charAt(0))) {
          String[] ends = parts[i].split("-", -1);
          add(all, source, Long.parseLong(ends[0]), Long.parseLong(ends[ends.length - 1]));
        } else {
          source = parts[0].toLowerCase(java.util.Locale.ROOT) + ":" + parts[i];
        }
      }
    }
    return new MySqlGtids(all);
  }

  private static void add(
      NavigableMap<String, NavigableMap<Long, Long>> all, String source, long from, long to) {
    NavigableMap<Long, Long> runs = all.computeIfAbsent(source, unused -> new TreeMap<>());
    long first = from;
    long last = to;
    Map.Entry<Long, Long> near = runs.floorEntry(last + 1);
    while (near != null && near.getValue() >= first - 1) {
      first = Math.min(first, near.getKey());
      last = Math.max(last, near.getValue());
      runs.remove(near.getKey());
      near = runs.floorEntry(last + 1);
    }
    runs.put(first, last);
  }

  @Override
  public MySqlGtids with(GtidSet other) {
    NavigableMap<String, NavigableMap<Long, Long>> all = new TreeMap<>();
    intervals.forEach((source, runs) -> all.put(source, new TreeMap<>(runs)));
    ((MySqlGtids) other)
        .intervals.forEach(
            (source, runs) -> runs.forEach((first, last) -> add(all, source, first, last)));
    return new MySqlGtids(all);
  }

  @Override
  public boolean containsAll(LogSet other) {
    return other instanceof MySqlGtids gtids
        && gtids.intervals.entrySet().stream()
            .allMatch(source ->
                source.getValue().entrySet().stream()
                    .allMatch(run -> has(source.getKey(), run.getKey(), run.getValue())));
  }

  @Override
  public boolean covers(GtidSet other) {
    return containsAll(other);
  }

  private boolean has(String source, long first, long last) {
    NavigableMap<Long, Long> runs = intervals.get(source);
    Map.Entry<Long, Long> run = runs == null ? null : runs.floorEntry(first);
    return run != null && run.getValue() >= last;
  }

  @Override
  public String resuming() {
    return toString();
  }

  @Override
  public String resumingAfter(String gtid) {
    return with(parse(gtid)).toString();
  }

  @Override
  public String toString() {
    return intervals.entrySet().stream()
        .sorted(Comparator.comparing(Map.Entry::getKey))
        .map(source -> source.getKey() + runs(source.getValue()))
        .collect(Collectors.joining(","));
  }

  private static String runs(NavigableMap<Long, Long> runs) {
    return runs.entrySet().stream()
        .map(run ->
            run.getKey().equals(run.getValue())
                ? ":" + run.getKey()
                : ":%d-%d".formatted(run.getKey(), run.getValue()))
        .collect(Collectors.joining());
  }
}
