package dev.firn.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.SortDirection;

/** Reads layouts as settings have them: terms between commas. */
final class LayoutText {
  private static final String NAME = "\"(?:[^\"]|\"\")+\"|[^\\s,()\"]+";

  /** One term, with what follows it: a comma or the end. */
  private static final Pattern TERM =
      Pattern.compile(
          ("\\s*(?:(?<plain>%1$s)|(?<transform>\\w+)\\s*\\(\\s*(?:(?<number>\\d{1,9})\\s*,\\s*)?(?<column>%1$s)\\s*\\))"
                  + "(?:\\s+(?<direction>asc|desc))?(?:\\s+nulls\\s+(?<nulls>first|last))?\\s*(?<end>,|$)")
              .formatted(NAME),
          Pattern.CASE_INSENSITIVE);

  private LayoutText() {}

  static List<LayoutTerm> partitions(String text) {
    return terms(
        text,
        found -> {
          if (found.group("direction") != null || found.group("nulls") != null) {
            throw new LayoutException("partitions have no direction, and no place for nulls");
          }
          return term(found);
        });
  }

  static List<SortTerm> order(String text) {
    return terms(text, found -> sortTerm(term(found), found));
  }

  private static <T> List<T> terms(String text, Function<Matcher, T> term) {
    List<T> terms = new ArrayList<>();
    Matcher matcher = TERM.matcher(text);
    boolean isOver = false;
    while (!isOver) {
      if (!matcher.lookingAt()) {
        throw new LayoutException(
            "not understood from \"%s\" on; the forms are %s, between commas"
                .formatted(text.substring(matcher.regionStart()).strip(), LayoutTerm.Kind.forms()));
      }
      terms.add(term.apply(matcher));
      isOver = matcher.group("end").isEmpty();
      matcher.region(matcher.end(), text.length());
    }
    return terms;
  }

  private static LayoutTerm term(Matcher found) {
    if (found.group("plain") != null) {
      return new LayoutTerm(LayoutTerm.Kind.IDENTITY, 0, name(found.group("plain")));
    }
    String transform = found.group("transform");
    LayoutTerm.Kind kind =
        LayoutTerm.Kind.of(transform)
            .orElseThrow(() ->
                new LayoutException(
                    "there is no transform %s; the forms are %s"
                        .formatted(transform, LayoutTerm.Kind.forms())));
    int number = found.group("number") == null ? 0 : Integer.parseInt(found.group("number"));
    return new LayoutTerm(kind, number, name(found.group("column")));
  }

  private static String name(String text) {
    return text.startsWith("\"")
        ? text.substring(1, text.length() - 1).replace("\"\"", "\"")
        : text;
  }

  /** Nulls come first where the order ascends, and last where it descends, as in Spark. */
  private static SortTerm sortTerm(LayoutTerm term, Matcher found) {
    boolean isDescending = "desc".equalsIgnoreCase(found.group("direction"));
    boolean isNullFirst =
        found.group("nulls") == null
            ? !isDescending
            : found.group("nulls").equalsIgnoreCase("first");
    return new SortTerm(
        term,
        isDescending ? SortDirection.DESC : SortDirection.ASC,
        isNullFirst ? NullOrder.NULLS_FIRST : NullOrder.NULLS_LAST);
  }
}
