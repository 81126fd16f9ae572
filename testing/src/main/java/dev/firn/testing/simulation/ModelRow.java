package dev.firn.testing.simulation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One version of a row.
 *
 * @param instance the same for all versions of a row from its insert to its delete
 */
record ModelRow(long instance, List<@Nullable Object> values) {
  ModelRow {
    values = Collections.unmodifiableList(new ArrayList<>(values));
  }
}
