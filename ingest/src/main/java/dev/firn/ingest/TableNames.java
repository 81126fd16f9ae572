package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Names source tables: one by its whole name, or several by one in which {@code *} stands for any
 * letters.
 */
record TableNames(String text) {
  TableNames {
    requireNonNull(text, "text is null");
  }

  boolean isOne() {
    return text.indexOf('*') < 0;
  }

  boolean has(SourceTable table) {
    return Pattern.matches(
        Arrays.stream(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
        table.toString());
  }
}
