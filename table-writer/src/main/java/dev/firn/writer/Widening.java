package dev.firn.writer;

import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;

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
    return (one.isListType() && other.isListType())
        ? isSame(one.asListType().elementType(), other.asListType().elementType())
        : one.equals(other);
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
