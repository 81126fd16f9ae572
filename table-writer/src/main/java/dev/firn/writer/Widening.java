package dev.firn.writer;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types.NestedField;

/** Changes of a column's type that keep every value: those that Iceberg's readers undo. */
public final class Widening {
  private Widening() {}

  /** Whether a column of one type holds every value of another; also where both are the same. */
  public static boolean isAllowed(Type from, Type to) {
    return isSame(from, to)
        || (to.isPrimitiveType() && TypeUtil.isPromotionAllowed(from, to.asPrimitiveType()));
  }

  /** Whether two types have the same values; the ids within them are those of their tables. */
  static boolean isSame(Type one, Type other) {
    if (one.isListType() && other.isListType()) {
      return isSame(one.asListType().elementType(), other.asListType().elementType());
    }
    if (one.isMapType() && other.isMapType()) {
      return isSame(one.asMapType().keyType(), other.asMapType().keyType())
          && isSame(one.asMapType().valueType(), other.asMapType().valueType());
    }
    if (one.isStructType() && other.isStructType()) {
      return isSame(one.asStructType().fields(), other.asStructType().fields());
    }
    return one.equals(other);
  }

  private static boolean isSame(List<NestedField> some, List<NestedField> others) {
    return some.size() == others.size()
        && IntStream.range(0, some.size())
            .allMatch(i ->
                some.get(i).name().equals(others.get(i).name())
                    && isSame(some.get(i).type(), others.get(i).type()));
  }

  /** A value of a type that may be widened to this one, as this one has it. */
  public static Object widen(Object value, Type to) {
    return switch (to.typeId()) {
      case LONG -> value instanceof Integer number ? number.longValue() : value;
      case DOUBLE -> value instanceof Float number ? number.doubleValue() : value;
      default -> value;
    };
  }
}
