package dev.firn.compaction;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;

/**
 * How much of the heap rows take: the objects of each value as HotSpot lays them out with
 * compressed references, texts as if they had no Latin letters only.
 */
final class RowHeap {
  private static final long REFERENCE = 4;
  private static final long ARRAY = 16;
  private static final long STRUCT = 32 + ARRAY;
  private static final long LIST = 24 + ARRAY;
  private static final long MAP = 64;
  private static final long MAP_ENTRY = 48;
  private static final long STRING = 24 + ARRAY + 8;
  private static final long BUFFER = 56 + ARRAY + 8;
  private static final long VARIANT = 256;

  private final Size row;

  RowHeap(Schema columns) {
    this.row = struct(columns.asStruct());
  }

  long of(StructLike values) {
    return row.of(values);
  }

  @FunctionalInterface
  private interface Size {
    long of(Object value);
  }

  private static Size size(Type type) {
    return switch (type.typeId()) {
      case BOOLEAN, UNKNOWN -> value -> 0;
      case INTEGER, FLOAT -> value -> 16;
      case LONG, DOUBLE, DATE, TIME -> value -> 24;
      case TIMESTAMP, TIMESTAMP_NANO -> value -> 96;
      case UUID -> value -> 32;
      case DECIMAL -> value -> 120;
      case STRING -> value -> STRING + 2L * ((CharSequence) value).length();
      case BINARY, GEOMETRY, GEOGRAPHY -> value -> BUFFER + ((ByteBuffer) value).capacity();
      case FIXED -> value -> ARRAY + 8 + ((byte[]) value).length;
      case VARIANT -> RowHeap::variant;
      case STRUCT -> struct(type.asStructType());
      case LIST -> list(type.asListType());
      case MAP -> map(type.asMapType());
    };
  }

  private static Size struct(Types.StructType type) {
    Size[] sizes = type.fields().stream().map(field -> size(field.type())).toArray(Size[]::new);
    return value -> {
      StructLike struct = (StructLike) value;
      long bytes = STRUCT + REFERENCE * sizes.length;
      for (int i = 0; i < sizes.length; i++) {
        bytes += nullable(sizes[i], struct.get(i, Object.class));
      }
      return bytes;
    };
  }

  private static Size list(Types.ListType type) {
    Size element = size(type.elementType());
    return value -> {
      long bytes = LIST;
      for (Object one : (List<?>) value) {
        // An array list grows by half.
        bytes += REFERENCE + REFERENCE / 2 + nullable(element, one);
      }
      return bytes;
    };
  }

  private static Size map(Types.MapType type) {
    Size key = size(type.keyType());
    Size mapped = size(type.valueType());
    return value -> {
      long bytes = MAP;
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        bytes += MAP_ENTRY + nullable(key, entry.getKey()) + nullable(mapped, entry.getValue());
      }
      return bytes;
    };
  }

  private static long variant(Object value) {
    Variant variant = (Variant) value;
    return VARIANT + variant.metadata().sizeInBytes() + variant.value().sizeInBytes();
  }

  private static long nullable(Size size, @Nullable Object value) {
    return value == null ? 0 : size.of(value);
  }
}
