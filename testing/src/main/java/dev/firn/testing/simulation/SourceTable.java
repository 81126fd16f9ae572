package dev.firn.testing.simulation;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * The tables of the model source: every kind of key, most types, one that stays empty. Their
 * columns are all that they ever have, with the widest of their types, which their values have from
 * the start.
 */
enum SourceTable {
  ACCOUNTS(
      List.of("id"),
      required("id", Types.LongType.get()),
      required("name", Types.StringType.get()),
      optional("balance", Types.DecimalType.of(14, 2)).from(Types.DecimalType.of(12, 2)),
      large("note", Types.StringType.get()),
      droppable("changed", Types.TimestampType.withZone()),
      later("points", Types.LongType.get()).from(Types.IntegerType.get()),
      later("nick", Types.StringType.get())),
  LABELS(
      List.of("code"),
      droppable("title", Types.StringType.get()),
      large("body", Types.BinaryType.get()),
      required("code", Types.StringType.get()),
      required("open", Types.BooleanType.get()),
      later("sheets", Types.BinaryType.get())),
  LINES(
      List.of("order_id", "line"),
      required("line", Types.LongType.get()).from(Types.IntegerType.get()),
      optional("price", Types.DoubleType.get()).from(Types.FloatType.get()),
      required("order_id", Types.IntegerType.get()),
      optional("shipped", Types.DateType.get()),
      droppable("at", Types.TimeType.get()),
      later("parts", Types.IntegerType.get())),
  READINGS(
      List.of(),
      required("sensor", Types.LongType.get()).from(Types.IntegerType.get()),
      optional("value", Types.FloatType.get()),
      optional("seen", Types.TimestampType.withoutZone()),
      later("unit", Types.StringType.get()),
      later("quality", Types.DoubleType.get()).from(Types.FloatType.get())),
  DEVICES(
      List.of("id"),
      required("id", Types.UUIDType.get()),
      required("owner", Types.LongType.get()),
      large("config", Types.StringType.get()),
      large("image", Types.BinaryType.get())),
  NOTHING(
      List.of("id"),
      required("id", Types.LongType.get()),
      optional("remark", Types.StringType.get()));

  /**
   * @param narrow the type that it has until it is widened; null: it never is
   * @param large whether the source may leave the value out when it has not changed
   * @param isLater whether it is added some time
   * @param isDropped whether it may be dropped
   */
  record Column(
      String name,
      Type type,
      @Nullable Type narrow,
      boolean required,
      boolean large,
      boolean isLater,
      boolean isDropped) {
    private Column from(Type first) {
      return new Column(name, type, first, required, large, isLater, isDropped);
    }
  }

  private static final LocalDate DAY = LocalDate.of(2026, 1, 1);

  @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
  private final List<String> key;

  @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
  private final List<Column> columns;

  SourceTable(List<String> key, Column... columns) {
    this.key = key;
    this.columns = List.of(columns);
  }

  /** The names of the key's columns; none for a table without a key. */
  List<String> key() {
    return key;
  }

  boolean isKeyed() {
    return !key.isEmpty();
  }

  List<Column> columns() {
    return columns;
  }

  boolean isKey(int column) {
    return key.contains(columns.get(column).name());
  }

  Schema schema() {
    List<NestedField> fields = new ArrayList<>();
    for (Column column : columns) {
      int id = fields.size() + 1;
      fields.add(
          column.required()
              ? NestedField.required(id, column.name(), column.type())
              : NestedField.optional(id, column.name(), column.type()));
    }
    return new Schema(fields);
  }

  /** The values of the row's key; those of the whole row where there is none. */
  List<@Nullable Object> keyOf(ModelRow row) {
    if (!isKeyed()) {
      return row.values();
    }
    List<@Nullable Object> values = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      if (isKey(i)) {
        values.add(row.values().get(i));
      }
    }
    return values;
  }

  /**
   * A random value for a column, null where it is not there; from few different ones in keys, so
   * that keys come again.
   */
  @Nullable Object value(int column, TableColumns now, RandomGenerator random) {
    Column it = columns.get(column);
    if (!now.has(column) || (!it.required() && random.nextInt(8) == 0)) {
      return null;
    }
    if (it.narrow() != null) {
      return numberOf(it, now.isWide(column), random);
    }
    return switch (it.type().typeId()) {
      case BOOLEAN -> random.nextBoolean();
      case INTEGER -> random.nextInt(isKeyed() ? 40 : 200);
      case LONG -> random.nextLong(300);
      case FLOAT -> (float) random.nextInt(50) / 4;
      case DOUBLE -> random.nextInt(1_000_000) / 100.0;
      case STRING -> string(it, random);
      case DECIMAL -> BigDecimal.valueOf(random.nextLong(-100_000, 100_000), 2);
      case UUID -> new UUID(random.nextLong(16), random.nextLong(16));
      case BINARY -> bytes(random);
      case DATE -> DAY.plusDays(random.nextInt(1000));
      case TIME -> LocalTime.ofSecondOfDay(random.nextInt(86_400)).plusNanos(micros(random));
      case TIMESTAMP -> timestamp((Types.TimestampType) it.type(), random);
      default -> throw new IllegalStateException("no values of type " + it.type());
    };
  }

  /** A value that the narrow type holds too, unless the column is wide. */
  private Object numberOf(Column column, boolean wide, RandomGenerator random) {
    long small = random.nextLong(isKeyed() ? 40 : 200);
    return switch (column.type().typeId()) {
      case LONG -> wide && random.nextBoolean() ? (1L << 40) + small : small;
      case DOUBLE -> wide && random.nextBoolean() ? small / 10.0 : small / 4.0;
      case DECIMAL ->
          BigDecimal.valueOf(
              random.nextLong(-100_000, 100_000) + (wide ? 1_000_000_000_000L : 0), 2);
      default -> throw new IllegalStateException("no wider type than " + column.narrow());
    };
  }

  private static String string(Column column, RandomGenerator random) {
    String text = column.name() + random.nextInt(250);
    return column.large() ? text.repeat(1 + random.nextInt(30)) : text;
  }

  private static ByteBuffer bytes(RandomGenerator random) {
    byte[] bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
  }

  private static Object timestamp(Types.TimestampType type, RandomGenerator random) {
    LocalDateTime local =
        DAY.atStartOfDay().plusSeconds(random.nextInt(100_000_000)).plusNanos(micros(random));
    return type.shouldAdjustToUTC() ? OffsetDateTime.of(local, ZoneOffset.UTC) : local;
  }

  private static long micros(RandomGenerator random) {
    return random.nextInt(1_000_000) * 1000L;
  }

  private static Column required(String name, Type type) {
    return new Column(name, type, null, true, false, false, false);
  }

  private static Column optional(String name, Type type) {
    return new Column(name, type, null, false, false, false, false);
  }

  private static Column large(String name, Type type) {
    return new Column(name, type, null, false, true, false, false);
  }

  private static Column later(String name, Type type) {
    return new Column(name, type, null, false, false, true, false);
  }

  private static Column droppable(String name, Type type) {
    return new Column(name, type, null, false, false, false, true);
  }
}
