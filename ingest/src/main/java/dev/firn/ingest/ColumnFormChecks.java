package dev.firn.ingest;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.connect.data.Field;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at {@link ColumnForms} before anything is taken over. */
final class ColumnFormChecks {
  private static final Logger LOG = LoggerFactory.getLogger(ColumnFormChecks.class);

  private ColumnFormChecks() {}

  /**
   * Says what is wrong. Nothing is lost by it: columns that a pattern was meant for stop the
   * pipeline at a value that they cannot hold, and the tables may be still to come.
   */
  static void run(ColumnForms forms, Collection<CapturedTable> tables) {
    warnings(forms, tables).forEach(LOG::warn);
  }

  /** A line for each pattern that names no column. */
  static List<String> warnings(ColumnForms forms, Collection<CapturedTable> tables) {
    Set<String> columns = new TreeSet<>();
    tables.forEach(table ->
        table.row().fields().stream()
            .map(Field::name)
            .forEach(column -> columns.add("%s.%s".formatted(table.source(), column))));
    return forms.unmatched(columns).stream().map(unmatched -> warning(unmatched, columns)).toList();
  }

  private static String warning(ColumnForms.Unmatched unmatched, Set<String> columns) {
    return "%s%s: %s names no column of a captured table%s"
        .formatted(
            SinkSettings.PREFIX,
            unmatched.setting(),
            unmatched.pattern(),
            columns.isEmpty()
                ? ""
                : "; the nearest is "
                    + Keys.nearest(unmatched.pattern().replace("\\", ""), columns));
  }
}
