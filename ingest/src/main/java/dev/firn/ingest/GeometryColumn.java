package dev.firn.ingest;

import dev.firn.ingest.ColumnType.UnsupportedValueException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;

/**
 * A column that becomes Iceberg's {@code geometry}: plain well-known binary (WKB, ISO 13249-3) of
 * one reference system. Sources hand over PostGIS' extended one (EWKB), which says in the type of a
 * geometry what it has: a third and a fourth coordinate and the number of its reference system.
 */
final class GeometryColumn {
  /** The name of the schema of such columns: EWKB in hexadecimal digits. */
  static final String SCHEMA_NAME = "dev.firn.Geometry";

  private static final String CRS = "crs";
  private static final int EWKB_Z = 0x80000000;
  private static final int EWKB_M = 0x40000000;
  private static final int EWKB_SRID = 0x20000000;
  private static final int EWKB_FLAGS = EWKB_Z | EWKB_M | EWKB_SRID;
  private static final int ISO_Z = 1_000;
  private static final int ISO_M = 2_000;

  /** Deeper than any collection of use; each level is one of the stack. */
  private static final int MAX_DEPTH = 100;

  private GeometryColumn() {}

  static SchemaBuilder schema(ReferenceSystem system) {
    return SchemaBuilder.string().name(SCHEMA_NAME).parameter(CRS, system.crs());
  }

  /** By the schema of such a column. */
  static ColumnType type(Schema schema) {
    ReferenceSystem system =
        ReferenceSystem.parse(schema.parameters().getOrDefault(CRS, "")).orElseThrow();
    return new ColumnType(
        Types.GeometryType.of(system.crs()), text -> wkb(bytes((String) text), system.srid()));
  }

  /** Its values as they are without the setting. */
  static ColumnType asWritten() {
    return new ColumnType(Types.BinaryType.get(), text -> bytes((String) text));
  }

  /** What such a column is handed over as. */
  static String hex(ByteBuffer ewkb) {
    byte[] bytes = new byte[ewkb.remaining()];
    ewkb.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static ByteBuffer bytes(String hex) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
  }

  /** A collection of nothing. */
  static ByteBuffer nothing() {
    return ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN).put((byte) 1).putInt(7).rewind();
  }

  /**
   * Plain WKB of a geometry, in the byte order that it has.
   *
   * @param srid what its number may be, beside none (0)
   * @throws UnsupportedValueException it has another, or is of a kind that Iceberg lacks
   */
  static ByteBuffer wkb(ByteBuffer ewkb, int srid) {
    ByteBuffer to = ByteBuffer.allocate(ewkb.remaining());
    try {
      copy(ewkb, to, srid, 0);
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw broken();
    }
    if (ewkb.hasRemaining()) {
      throw broken();
    }
    return to.flip();
  }

  /** Each part may have a byte order of its own. */
  private static void copy(ByteBuffer from, ByteBuffer to, int srid, int depth) {
    byte order = from.get();
    if (order < 0 || order > 1 || depth > MAX_DEPTH) {
      throw broken();
    }
    from.order(order == 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    int type = from.getInt();
    if ((type & EWKB_SRID) != 0) {
      requireSame(from.getInt(), srid);
    }
    int kind = type & ~EWKB_FLAGS;
    boolean hasZ = (type & EWKB_Z) != 0;
    boolean hasM = (type & EWKB_M) != 0;
    to.order(from.order()).put(order).putInt(kind + (hasZ ? ISO_Z : 0) + (hasM ? ISO_M : 0));
    int pointBytes = Double.BYTES * (2 + (hasZ ? 1 : 0) + (hasM ? 1 : 0));
    switch (kind) {
      case 1 -> copyPoint(from, to, pointBytes);
      case 2 -> copyPoints(from, to, pointBytes);
      case 3 -> {
        int rings = copyCount(from, to);
        for (int ring = 0; ring < rings; ring++) {
          boolean isEmpty = copyPoints(from, to, pointBytes) == 0;
          if (ring == 0 && isEmpty && rings > 1) {
            throw new UnsupportedValueException("a polygon with holes and no outline");
          }
        }
      }
      case 4, 5, 6, 7 -> {
        for (int parts = copyCount(from, to); parts > 0; parts--) {
          copy(from, to, srid, depth + 1);
        }
      }
      default ->
          throw new UnsupportedValueException(
              "a geometry with curves or surfaces of several parts");
    }
  }

  /** One whose numbers are all none is the empty point. */
  private static void copyPoint(ByteBuffer from, ByteBuffer to, int pointBytes) {
    int numbers = 0;
    for (int at = 0; at < pointBytes; at += Double.BYTES) {
      numbers += Double.isNaN(from.getDouble(from.position() + at)) ? 0 : 1;
    }
    if (numbers > 0) {
      requireNumbers(from, from.position());
    }
    copy(from, to, pointBytes);
  }

  /** Of a line or a ring; returns how many. */
  private static int copyPoints(ByteBuffer from, ByteBuffer to, int pointBytes) {
    int points = copyCount(from, to);
    if (points > from.remaining() / pointBytes) {
      throw broken();
    }
    for (int point = 0; point < points; point++) {
      requireNumbers(from, from.position() + point * pointBytes);
    }
    copy(from, to, points * pointBytes);
    return points;
  }

  /** Whoever looks for the bounds of a file takes such a place for none, or for a broken one. */
  private static void requireNumbers(ByteBuffer from, int at) {
    if (Double.isNaN(from.getDouble(at)) || Double.isNaN(from.getDouble(at + Double.BYTES))) {
      throw new UnsupportedValueException("a geometry with a coordinate that is no number (NaN)");
    }
  }

  private static int copyCount(ByteBuffer from, ByteBuffer to) {
    int count = from.getInt();
    if (count < 0) {
      throw broken();
    }
    to.putInt(count);
    return count;
  }

  private static void copy(ByteBuffer from, ByteBuffer to, int bytes) {
    to.put(from.slice(from.position(), bytes));
    from.position(from.position() + bytes);
  }

  private static void requireSame(int found, int srid) {
    if (found != 0 && found != srid) {
      throw new UnsupportedValueException(
          "a geometry of another reference system than its column's (SRID %d)".formatted(srid));
    }
  }

  private static UnsupportedValueException broken() {
    return new UnsupportedValueException("a geometry that is no well-known binary");
  }
}
