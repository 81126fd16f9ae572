package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.expressions.UnboundTerm;
import org.apache.iceberg.transforms.Transform;
import org.apache.iceberg.transforms.Transforms;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;

/**
 * A column under one of Iceberg's transforms.
 *
 * @param number of buckets, or the width that is kept; 0 where the transform takes none
 * @param column of the table in the lake; a dot leads into a struct
 */
public record LayoutTerm(Kind kind, int number, String column) {
  /** Iceberg's transforms, by its names. */
  public enum Kind {
    IDENTITY,
    YEAR,
    MONTH,
    DAY,
    HOUR,
    BUCKET,
    TRUNCATE,
    VOID;

    boolean takesNumber() {
      return this == BUCKET || this == TRUNCATE;
    }

    /** As Iceberg writes it. */
    String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** How it is written in a setting. */
    String form() {
      return switch (this) {
        case IDENTITY -> "column";
        case BUCKET -> "bucket(N, column)";
        case TRUNCATE -> "truncate(W, column)";
        case YEAR, MONTH, DAY, HOUR, VOID -> text() + "(column)";
      };
    }

    static Optional<Kind> of(String text) {
      return Arrays.stream(values()).filter(kind -> kind.text().equals(text)).findFirst();
    }

    /** The forms of all of them, for messages. */
    static String forms() {
      return Arrays.stream(values()).map(Kind::form).collect(Collectors.joining(", "));
    }
  }

  public LayoutTerm {
    requireNonNull(kind, "kind is null");
    requireNonNull(column, "column is null");
    if (kind.takesNumber() != number > 0) {
      throw new LayoutException(
          "%s of column %s: the form is %s, with a number above 0"
              .formatted(kind.text(), column, kind.form()));
    }
  }

  Transform<?, ?> transform() {
    return Transforms.fromString(transformText());
  }

  /** As Iceberg's metadata has it, such as {@code bucket[16]}. */
  String transformText() {
    return kind.takesNumber() ? "%s[%d]".formatted(kind.text(), number) : kind.text();
  }

  @SuppressWarnings("unchecked") // What the transform makes does not matter here.
  UnboundTerm<Object> expression() {
    return kind == Kind.IDENTITY
        ? Expressions.ref(column)
        : Expressions.transform(column, (Transform<?, Object>) transform());
  }

  /**
   * @throws LayoutException the columns do not allow it
   */
  NestedField requireFits(Schema schema) {
    NestedField field = schema.findField(column);
    if (field == null) {
      throw new LayoutException(
          "there is no column %s; there are %s"
              .formatted(
                  column,
                  schema.columns().stream()
                      .map(NestedField::name)
                      .collect(Collectors.joining(", "))));
    }
    boolean isReachable = schema.accessorForField(field.fieldId()) != null;
    if (!isReachable || !transform().canTransform(field.type())) {
      throw new LayoutException(
          "%s does not go with column %s, which is %s; %s"
              .formatted(kind.text(), column, field.type(), allowed(field.type(), isReachable)));
    }
    return field;
  }

  private static String allowed(Type type, boolean isReachable) {
    List<String> kinds =
        Arrays.stream(Kind.values())
            .filter(kind -> kind != Kind.VOID && isReachable)
            .filter(kind ->
                new LayoutTerm(kind, kind.takesNumber() ? 1 : 0, "x")
                    .transform()
                    .canTransform(type))
            .map(Kind::text)
            .toList();
    return kinds.isEmpty()
        ? "a column of more than one value goes with none"
        : "such a column goes with " + String.join(", ", kinds);
  }

  /** The name that Iceberg gives to a partition field of it, but for ones that are taken. */
  String fieldName() {
    String base = column.replace('.', '_');
    return switch (kind) {
      case IDENTITY -> base;
      case BUCKET -> "%s_bucket_%d".formatted(base, number);
      case TRUNCATE -> "%s_trunc_%d".formatted(base, number);
      case VOID -> base + "_null";
      case YEAR, MONTH, DAY, HOUR -> base + "_" + kind.text();
    };
  }

  void addTo(PartitionSpec.Builder spec, String name) {
    var unused =
        switch (kind) {
          case IDENTITY -> spec.identity(column, name);
          case YEAR -> spec.year(column, name);
          case MONTH -> spec.month(column, name);
          case DAY -> spec.day(column, name);
          case HOUR -> spec.hour(column, name);
          case BUCKET -> spec.bucket(column, number, name);
          case TRUNCATE -> spec.truncate(column, number, name);
          case VOID -> spec.alwaysNull(column, name);
        };
  }

  /** As a setting has it. */
  @Override
  public String toString() {
    return switch (kind) {
      case IDENTITY -> column;
      case BUCKET, TRUNCATE -> "%s(%d, %s)".formatted(kind.text(), number, column);
      case YEAR, MONTH, DAY, HOUR, VOID -> "%s(%s)".formatted(kind.text(), column);
    };
  }
}
