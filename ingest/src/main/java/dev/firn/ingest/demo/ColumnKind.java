package dev.firn.ingest.demo;

import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/**
 * What a column of a table that is altered may be: its type in the lake, values, and what it can
 * become. {@link TortureSql} says what it is at the source.
 */
enum ColumnKind {
  SMALL(Types.IntegerType.get()),
  BIG(Types.LongType.get()),
  REAL(Types.FloatType.get()),
  DOUBLE(Types.DoubleType.get()),
  PRICE(Types.DecimalType.of(8, 2)),
  AMOUNT(Types.DecimalType.of(12, 2)),
  TEXT(Types.StringType.get()),
  /** Kept out of line, so that an update which does not change it does not send it. */
  LARGE(Types.StringType.get()),
  CHOICE(Types.StringType.get()),
  CHOICES(Types.StringType.get()),
  FLAG(Types.BooleanType.get()),
  DAY(Types.DateType.get()),
  INSTANT(Types.TimestampType.withZone()),
  DOCUMENT(Types.StringType.get()),
  TAGS(Types.StringType.get());

  @SuppressWarnings("ImmutableEnumChecker") // Iceberg's types are values
  private final Type lake;

  ColumnKind(Type lake) {
    this.lake = lake;
  }

  static ColumnKind any(SplittableRandom random) {
    return values()[random.nextInt(values().length)];
  }

  /** The type in the lake; where the source has no such type, it may be another one. */
  Type lake() {
    return lake;
  }

  /** Whether a column of the lake can hold its values. */
  boolean fits(TortureSql sql, Type column) {
    return sql.isStored(this, column) || wider().map(wide -> wide.fits(sql, column)).orElse(false);
  }

  /** What it can become without another column in the lake. */
  Optional<ColumnKind> wider() {
    return switch (this) {
      case SMALL -> Optional.of(BIG);
      case REAL -> Optional.of(DOUBLE);
      case PRICE -> Optional.of(AMOUNT);
      case CHOICE -> Optional.of(CHOICES);
      default -> Optional.empty();
    };
  }

  /** What its values can be made into that a column of its type cannot hold. */
  Optional<ColumnKind> incompatible() {
    return switch (this) {
      case SMALL, BIG, REAL, DOUBLE, PRICE, AMOUNT, FLAG, DAY -> Optional.of(TEXT);
      case TEXT, LARGE -> Optional.of(SMALL);
      case CHOICE, CHOICES, INSTANT, DOCUMENT, TAGS -> Optional.empty();
    };
  }

  /** A value as SQL writes it. */
  String value(TortureSql sql, SplittableRandom random) {
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
      case CHOICE -> random.nextBoolean() ? "'one'" : "'two'";
      case CHOICES -> random.nextBoolean() ? "'one'" : "'so, too'";
      case FLAG -> Boolean.toString(random.nextBoolean());
      case DAY -> sql.days("2026-01-01", Integer.toString(random.nextInt(1000)));
      case INSTANT -> sql.instant(random.nextInt(10_000_000));
      case DOCUMENT -> "'{\"a\": %d}'".formatted(random.nextInt(100));
      case TAGS -> sql.tags(random.nextInt(30));
    };
  }
}
