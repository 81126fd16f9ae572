package dev.firn.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A file of SQL with parameters written <code>${name}</code>, which are replaced as text. */
record SqlFile(Path path, String text) {
  private static final Pattern PARAMETER = Pattern.compile("\\$\\{(\\w+)}");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  static SqlFile read(Path path) {
    try {
      return new SqlFile(path, Files.readString(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> namesIn(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".sql"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The parameters that its header explains: <code>--   ${name}  what it is</code>. */
  TreeSet<String> explained() {
    TreeSet<String> names = new TreeSet<>();
    Matcher matcher = Pattern.compile("(?m)^--   \\$\\{(\\w+)}\\s+\\S").matcher(text);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }

  /** The parameters that its statements use. */
  TreeSet<String> used() {
    TreeSet<String> names = new TreeSet<>();
    Matcher matcher = PARAMETER.matcher(withoutComments());
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }

  /**
   * Its statements, without comments, with the parameters replaced.
   *
   * @throws IllegalArgumentException a parameter has no value
   */
  List<String> statements(Map<String, String> parameters) {
    String replaced =
        PARAMETER
            .matcher(withoutComments())
            .replaceAll(found -> Matcher.quoteReplacement(value(found.group(1), parameters)));
    return Stream.of(replaced.split(";", -1))
        .map(String::strip)
        .filter(statement -> !statement.isEmpty())
        .toList();
  }

  private String value(String parameter, Map<String, String> parameters) {
    String value = parameters.get(parameter);
    if (value == null) {
      throw new IllegalArgumentException("%s: no value for ${%s}".formatted(path, parameter));
    }
    return value;
  }

  /** Its statements as they stand there. */
  String withoutComments() {
    return COMMENT.matcher(text).replaceAll("");
  }
}
