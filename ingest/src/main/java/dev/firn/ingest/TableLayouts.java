package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.LayoutException;
import dev.firn.writer.LayoutTerm;
import dev.firn.writer.SortTerm;
import dev.firn.writer.TableLayout;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.TableProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How tables are laid out in the lake: the settings {@code tables.<schema>.<table>.partition-by},
 * {@code .sort-by} and {@code .property.<property>}. What names one table counts before what names
 * several.
 */
record TableLayouts(List<Entry> entries) {
  private static final Logger LOG = LoggerFactory.getLogger(TableLayouts.class);
  static final String PREFIX = "tables.";
  static final String PARTITION_BY = "partition-by";
  static final String SORT_BY = "sort-by";
  private static final String PROPERTY = "property.";

  /** Why variants are not shredded. */
  static final String SHREDDED =
      "false: Iceberg would give all decimals of a shredded field one scale";

  private static final String OWN_PROPERTIES = "firn.";

  /** What a compaction is told by a table. */
  private static final String COMPACTION_PROPERTIES = "firn.compact.";

  private static final Pattern KEY =
      Pattern.compile(
          "tables\\.(?<table>.+?)\\.(?<part>partition-by|sort-by|property\\.(?<property>.+))");

  /**
   * One setting.
   *
   * @param part of a layout that it is about, as its key ends
   */
  record Entry(String key, TableNames tables, String part, String value) {
    Entry {
      requireNonNull(key, "key is null");
      requireNonNull(tables, "tables is null");
      requireNonNull(part, "part is null");
      requireNonNull(value, "value is null");
    }

    private SettingsException refused(String why) {
      return new SettingsException("%s%s=%s: %s".formatted(SinkSettings.PREFIX, key, value, why));
    }

    private <T> T read(Function<String, T> reader) {
      try {
        return reader.apply(value);
      } catch (LayoutException e) {
        throw refused(String.valueOf(e.getMessage()));
      }
    }

    private List<LayoutTerm> partitions() {
      return read(TableLayout::partitions);
    }

    private List<SortTerm> order() {
      return read(TableLayout::order);
    }
  }

  TableLayouts {
    entries = List.copyOf(entries);
  }

  /** Whether a key of the sink is one of these. */
  static boolean isOne(String key) {
    return key.startsWith(PREFIX);
  }

  /**
   * Reads the keys that are of layouts.
   *
   * @param settings all of the sink's keys
   * @throws SettingsException a key or a value is none
   */
  static TableLayouts parse(Map<String, String> settings) {
    return new TableLayouts(
        new TreeMap<>(settings)
            .entrySet().stream()
                .filter(setting -> isOne(setting.getKey()))
                .map(setting -> entry(setting.getKey(), setting.getValue().strip()))
                .toList());
  }

  private static Entry entry(String key, String value) {
    Matcher parts = KEY.matcher(key);
    if (!parts.matches()) {
      throw new SettingsException(
          "%s%s=%s: expected a key such as tables.<schema>.<table>.%s, .%s or .%s<property>"
              .formatted(SinkSettings.PREFIX, key, value, PARTITION_BY, SORT_BY, PROPERTY));
    }
    Entry entry = new Entry(key, new TableNames(parts.group("table")), parts.group("part"), value);
    requireReadable(entry, Optional.ofNullable(parts.group("property")));
    return entry;
  }

  private static void requireReadable(Entry entry, Optional<String> property) {
    if (property.isPresent()) {
      requireFree(entry, property.orElseThrow());
    } else if (entry.part().equals(PARTITION_BY)) {
      var unused = entry.partitions();
    } else {
      var unused = entry.order();
    }
  }

  private static void requireFree(Entry entry, String property) {
    boolean isOurs =
        property.startsWith(OWN_PROPERTIES) && !property.startsWith(COMPACTION_PROPERTIES);
    if (isOurs || TableProperties.RESERVED_PROPERTIES.contains(property)) {
      throw entry.refused(
          "this property is not for settings; see format-version for that of new tables");
    }
    if (property.equals(TableProperties.PARQUET_SHRED_VARIANTS)
        && entry.value().equalsIgnoreCase("true")) {
      throw entry.refused(SHREDDED);
    }
    if (property.equals(TableProperties.DEFAULT_FILE_FORMAT)
        && !entry.value().equalsIgnoreCase("parquet")) {
      throw entry.refused("parquet is the one format that Firn writes");
    }
  }

  /**
   * What is asked of the table that a source table goes to.
   *
   * @throws SettingsException settings for several tables say different things of it
   */
  TableLayout of(SourceTable table) {
    Map<String, Entry> parts = partsOf(table);
    Map<String, String> properties = new HashMap<>();
    parts.forEach((part, entry) -> {
      if (part.startsWith(PROPERTY)) {
        properties.put(part.substring(PROPERTY.length()), entry.value());
      }
    });
    return new TableLayout(
        Optional.ofNullable(parts.get(PARTITION_BY)).map(Entry::partitions),
        Optional.ofNullable(parts.get(SORT_BY)).map(Entry::order),
        properties);
  }

  private Map<String, Entry> partsOf(SourceTable table) {
    return entries.stream()
        .filter(entry -> entry.tables().has(table))
        .collect(
            Collectors.toMap(
                Entry::part, entry -> entry, (one, other) -> nearer(table, one, other)));
  }

  private static Entry nearer(SourceTable table, Entry one, Entry other) {
    if (one.tables().isOne() != other.tables().isOne()) {
      return one.tables().isOne() ? one : other;
    }
    if (one.value().equals(other.value())) {
      return one;
    }
    throw one.refused(
        "%s%s says something else of table %s; say it with the table's whole name"
            .formatted(SinkSettings.PREFIX, other.key(), table));
  }

  /**
   * Looks whether each of them names a table that there is.
   *
   * @throws SettingsException one that names one table does not
   */
  void requireTables(Collection<SourceTable> captured) {
    Set<String> names = new TreeSet<>();
    captured.forEach(table -> names.add(table.toString()));
    for (Entry entry : entries) {
      if (captured.stream().noneMatch(entry.tables()::has)) {
        String why =
            "no captured table has this name; the nearest is %s"
                .formatted(Keys.nearest(entry.tables().text(), names));
        if (entry.tables().isOne()) {
          throw entry.refused(why);
        }
        LOG.warn("{}{}: {}", SinkSettings.PREFIX, entry.key(), why);
      }
    }
  }

  /**
   * Looks whether a table can have its layout.
   *
   * @param source the columns that the source asks for
   * @param lake those of the table, if there is one
   * @throws SettingsException it cannot
   */
  void requireFits(SourceTable table, Schema source, Optional<Schema> lake) {
    TableLayout layout = of(table);
    Schema columns = lake.filter(has -> layout.missingIn(has).isEmpty()).orElse(source);
    Map<String, Entry> parts = partsOf(table);
    requireFits(
        parts.get(PARTITION_BY),
        table,
        columns,
        new TableLayout(layout.partitionBy(), Optional.empty(), Map.of()));
    requireFits(
        parts.get(SORT_BY),
        table,
        columns,
        new TableLayout(Optional.empty(), layout.sortBy(), Map.of()));
    warnOfColumnsGone(table, layout, source);
  }

  private static void requireFits(
      @org.jspecify.annotations.Nullable Entry entry,
      SourceTable table,
      Schema columns,
      TableLayout layout) {
    try {
      layout.requireFits(columns);
    } catch (LayoutException e) {
      throw requireNonNull(entry, "entry is null")
          .refused("for table %s: %s".formatted(table, e.getMessage()));
    }
  }

  private static void warnOfColumnsGone(SourceTable table, TableLayout layout, Schema source) {
    List<String> gone = layout.missingIn(source);
    if (!gone.isEmpty()) {
      LOG.warn(
          "table {} has no column {} at the source any more: its rows go to the partition of those without a value, and are not sorted by it; change {}{}{}.{} or .{}",
          table,
          String.join(", ", gone),
          SinkSettings.PREFIX,
          PREFIX,
          table,
          PARTITION_BY,
          SORT_BY);
    }
  }
}
