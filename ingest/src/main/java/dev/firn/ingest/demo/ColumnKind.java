package dev.firn.ingest.demo;

import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** What a column of a table that is altered may be: its type here and there, and values. */
enum ColumnKind {
  SMALL("integer", Types.IntegerType.get()),
  BIG("bigint", Types.LongType.get()),
  REAL("real", Types.FloatType.get()),
  DOUBLE("double precision", Types.DoubleType.get()),
  PRICE("numeric(8,2)", Types.DecimalType.of(8, 2)),
  AMOUNT("numeric(12,2)", Types.DecimalType.of(12, 2)),
  TEXT("text", Types.StringType.get()),
  /** Kept out of line, so that an update which does not change it does not send it. */
  LARGE("text", Types.StringType.get()),
  FLAG("boolean", Types.BooleanType.get()),
  DAY("date", Types.DateType.get()),
  INSTANT("timestamptz", Types.TimestampType.withZone()),
  DOCUMENT("jsonb", Types.StringType.get()),
  TAGS("text[]", null);

  private final String sql;

  @SuppressWarnings("ImmutableEnumChecker") // Iceberg's types are values
  private final @Nullable Type lake;

  ColumnKind(String sql, @Nullable Type lake) {
    this.sql = sql;
    this.lake = lake;
  }

  static ColumnKind any(SplittableRandom random) {
    return values()[random.nextInt(values().length)];
  }

  /** The type at the source. */
  String sql() {
    return sql;
  }

  /** Whether a column of the lake can hold its values. */
  boolean fits(Type column) {
    if (lake == null) {
      return column.isListType();
    }
    return column.equals(lake) || wider().map(wide -> wide.fits(column)).orElse(false);
  }

  /** What it can become without another column in the lake. */
  Optional<ColumnKind> wider() {
    return switch (this) {
      case SMALL -> Optional.of(BIG);
      case REAL -> Optional.of(DOUBLE);
      case PRICE -> Optional.of(AMOUNT);
      default -> Optional.empty();
    };
  }

  /** What its values can be made into that a column of its type cannot hold. */
  Optional<ColumnKind> incompatible() {
    return switch (this) {
      case SMALL, BIG, REAL, DOUBLE, PRICE, AMOUNT, FLAG, DAY -> Optional.of(TEXT);
      case TEXT, LARGE -> Optional.of(SMALL);
      case INSTANT, DOCUMENT, TAGS -> Optional.empty();
    };
  }

  /** Makes a column's value into one of another kind. */
  static String using(String column, ColumnKind to) {
    return to == SMALL ? "length(%s)".formatted(column) : "%s::%s".formatted(column, to.sql);
  }

  /** A value as SQL writes it. */
  String value(SplittableRandom random) {
    return switch (this) {
      case SMALL -> Integer.toString(random.nextInt(50));
      case BIG -> Long.toString(random.nextLong(1L << 50));
      case REAL -> Integer.toString(random.nextInt(100)) + ".25";
      case DOUBLE -> Double.toString(random.nextInt(1_000_000) / 97.0);
      case PRICE -> "%d.%02d".formatted(random.nextInt(100_000), random.nextInt(100));
      case AMOUNT -> "%d.%02d".formatted(random.nextLong(1_000_000_000L), random.nextInt(100));
      case TEXT -> "'text no. %d'".formatted(random.nextInt(40));
      case LARGE ->
          "repeat('%d ', %d)".formatted(random.nextInt(1000, 10_000), random.nextInt(500, 2500));
      case FLAG -> Boolean.toString(random.nextBoolean());
      case DAY -> "date '2026-01-01' + " + random.nextInt(1000);
      case INSTANT ->
          "timestamptz '2026-01-01 00:00+00' + %d * interval '1.000001 s'"
              .formatted(random.nextInt(10_000_000));
      case DOCUMENT -> "'{\"a\": %d}'".formatted(random.nextInt(100));
      case TAGS -> "ARRAY['a', NULL, 'tag %d']".formatted(random.nextInt(30));
    };
  }
}
