package dev.firn.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Every type of MariaDB, what it becomes in the lake, and values that show it. */
public final class MariaDbTypes {
  private static final String NULL = "null";

  /**
   * One type.
   *
   * @param type as SQL writes it
   * @param iceberg the type that it becomes
   * @param values literals of SQL, and what the lake shows for each, as {@link LakeRows} does
   */
  public record Type(String type, String iceberg, List<String> values) implements SourceType {
    public Type {
      values = List.copyOf(values);
    }

    @Override
    public int size() {
      return values.size() / 2;
    }

    @Override
    public String literal(int row) {
      return row < size() ? values.get(2 * row) : "NULL";
    }

    /** What the lake shows for a value, as text. */
    public String expected(int row) {
      return row < size() ? values.get(2 * row + 1) : NULL;
    }

    @Override
    public Optional<String> shown(int row) {
      return Optional.of(expected(row)).filter(text -> !text.equals(NULL));
    }

    @Override
    public boolean isGenerated() {
      return type.contains(" AS (");
    }

    @Override
    public boolean isRequired() {
      return type.contains("NOT NULL") || isGenerated();
    }
  }

  static Type pairs(String type, String iceberg, String... values) {
    return new Type(type, iceberg, List.of(values));
  }

  private static Type same(String type, String iceberg, String... values) {
    List<String> pairs = new ArrayList<>();
    for (String value : values) {
      pairs.add(value);
      pairs.add(value);
    }
    return new Type(type, iceberg, pairs);
  }

  /** Literals in quotation marks; the lake shows what is between. */
  static Type quoted(String type, String iceberg, String... values) {
    List<String> pairs = new ArrayList<>();
    for (String value : values) {
      pairs.add("'" + value + "'");
      pairs.add(value);
    }
    return new Type(type, iceberg, pairs);
  }

  private static final String DIGITS = "12345678901234567890123456789012345.12345";
  private static final String MANY_DIGITS =
      "12345678901234567890123456789012345678901234567890123456789012345";

  /** What no type of the lake holds becomes text where its owner says so: these columns. */
  public static final List<Type> AS_TEXT =
      List.of(
          quoted("date", "string", "2026-02-28", "0000-00-00", "2026-00-00"),
          quoted(
              "datetime(6)", "string", "2026-02-28 12:34:56.789012", "0000-00-00 00:00:00.000000"),
          quoted("datetime", "string", "9999-12-31 23:59:59", "2026-01-00 01:02:03"),
          quoted("timestamp(3)", "string", "2026-02-28 12:34:56.789", "0000-00-00 00:00:00.000"),
          quoted("time", "string", "838:59:59", "-838:59:59", "00:00:00", "-00:00:01"),
          quoted("time(6)", "string", "25:00:00.000001", "-01:02:03.400000"),
          same("decimal(10,2)", "string", "12345678.90", "-0.01"));

  /** Columns that are named to become variants. */
  public static final List<Type> AS_VARIANT =
      List.of(
          pairs(
              "json",
              "variant",
              "' {\"b\": [1, 2.50, null], \"a\": {}} '",
              "{\"a\":{},\"b\":[1,2.50,null]}",
              "'\"ü🙂\"'",
              "\"ü🙂\"",
              "'1e2'",
              "100",
              "'null'",
              "null"),
          pairs("longtext", "variant", "'[true, \"\"]'", "[true,\"\"]"));

  /** Columns that are named to become geometries, of the reference system 4326. */
  public static final List<Type> AS_GEOMETRY =
      List.of(
          pairs(
              "geometry",
              "geometry(OGC:CRS84)",
              "ST_GeomFromText('POINT(1 2)', 4326)",
              "0101000000000000000000f03f0000000000000040",
              "ST_GeomFromText('GEOMETRYCOLLECTION(LINESTRING(0 0, 1 2))')",
              "01070000000100000001020000000200000000000000000000000000000000000000000000000000f03f0000000000000040"),
          pairs(
              "point",
              "geometry(OGC:CRS84)",
              "ST_GeomFromText('POINT(1 2)')",
              "0101000000000000000000f03f0000000000000040"));

  /** All of them; a table of them has a column {@code id} as well. */
  public static final List<Type> TYPES =
      List.of(
          same("tinyint", "int", "-128", "127"),
          same("tinyint unsigned", "int", "0", "255"),
          pairs("boolean", "int", "true", "1", "false", "0"),
          same("smallint", "int", "-32768", "32767"),
          same("smallint unsigned", "int", "0", "65535"),
          same("mediumint", "int", "-8388608", "8388607"),
          same("mediumint unsigned", "int", "0", "16777215"),
          same("int", "int", "-2147483648", "2147483647"),
          same("int unsigned", "long", "0", "4294967295"),
          same("bigint", "long", "-9223372036854775808", "9223372036854775807"),
          same("bigint unsigned", "decimal(20, 0)", "0", "18446744073709551615"),
          same("integer", "int", "1"),
          same("int8", "long", "1"),
          same("int8 unsigned", "decimal(20, 0)", "18446744073709551615"),
          same("middleint", "int", "-1"),
          same("numeric(6,1)", "decimal(6, 1)", "12345.6"),
          pairs("real", "double", "0.1", "0.1"),
          pairs("double precision", "double", "0.1", "0.1"),
          pairs("float(30)", "double", "0.1", "0.1"),
          pairs("int(5) zerofill", "long", "42", "42"),
          pairs(
              "decimal(10,2)",
              "decimal(10, 2)",
              "12345678.90",
              "12345678.90",
              "-0.01",
              "-0.01",
              "1234",
              "1234.00"),
          same("decimal(38,5) unsigned", "decimal(38, 5)", "0.00001"),
          same("decimal(40,5)", "string", DIGITS, "-" + DIGITS),
          same("decimal(65,0)", "string", MANY_DIGITS, "-1"),
          pairs(
              "float",
              "float",
              "16777215",
              "1.6777215E7",
              "-3.4028235e38",
              "-3.4028235E38",
              "1.17549435e-38",
              "1.1754944E-38",
              "0.1",
              "0.1"),
          pairs("float(7,3)", "float", "1234.567", "1234.567"),
          pairs(
              "double",
              "double",
              "2.2250738585072014e-308",
              "2.2250738585072014E-308",
              "-1.7976931348623157e308",
              "-1.7976931348623157E308",
              "0.1",
              "0.1"),
          pairs("double(10,3)", "double", "1234567.891", "1234567.891"),
          pairs("bit(1)", "boolean", "b'1'", "true", "b'0'", "false"),
          pairs("bit(10)", "string", "b'1100000001'", "1100000001", "b'1'", "0000000001"),
          pairs("bit(64)", "string", "~0", "1".repeat(64), "1", "0".repeat(63) + "1"),
          same("year", "int", "1901", "2155", "0"),
          pairs(
              "date",
              "date",
              "'2026-02-28'",
              "2026-02-28",
              "'9999-12-31'",
              "9999-12-31",
              "'1000-01-01'",
              "1000-01-01",
              "'1582-10-10'",
              "1582-10-10",
              "'0000-00-00'",
              "null",
              "'2026-00-00'",
              "null"),
          pairs(
              "datetime",
              "timestamp",
              "'2026-02-28 12:34:56'",
              "2026-02-28T12:34:56",
              "'1000-01-01 00:00:00'",
              "1000-01-01T00:00",
              "'0000-00-00 00:00:00'",
              "null"),
          pairs(
              "datetime(6)",
              "timestamp",
              "'9999-12-31 23:59:59.999999'",
              "9999-12-31T23:59:59.999999",
              "'1969-12-31 23:59:59.000001'",
              "1969-12-31T23:59:59.000001"),
          pairs("datetime(3)", "timestamp", "'2026-03-29 02:30:00.123'", "2026-03-29T02:30:00.123"),
          pairs(
              "timestamp",
              "timestamptz",
              "'2038-01-19 03:14:07'",
              "2038-01-19T03:14:07Z",
              "'1970-01-01 00:00:01'",
              "1970-01-01T00:00:01Z",
              "'0000-00-00 00:00:00'",
              "null"),
          pairs(
              "timestamp(6)",
              "timestamptz",
              "'2026-02-28 12:34:56.789012'",
              "2026-02-28T12:34:56.789012Z"),
          pairs("time", "time", "'00:00:00'", "00:00", "'23:59:59'", "23:59:59"),
          pairs("time(6)", "time", "'23:59:59.999999'", "23:59:59.999999"),
          quoted("char(5)", "string", "ab", "grüße"),
          quoted("varchar(20)", "string", "", "grüße 🙂", "  x  "),
          quoted("varchar(20) CHARACTER SET latin1", "string", "grüße €"),
          quoted("varchar(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", "string", "grüße"),
          quoted("varchar(20) CHARACTER SET ucs2", "string", "grüße"),
          quoted("varchar(20) CHARACTER SET utf16", "string", "grüße 🙂"),
          quoted("varchar(20) CHARACTER SET cp1251", "string", "привет"),
          quoted("national varchar(10)", "string", "ü"),
          quoted("tinytext", "string", "a"),
          quoted("text", "string", "", "two\nlines"),
          quoted("mediumtext", "string", "b"),
          quoted("longtext", "string", "c"),
          pairs("binary(4)", "binary", "x'00ff'", "00ff0000", "x'01020300'", "01020300"),
          pairs("varbinary(10)", "binary", "x''", "", "x'00ff10'", "00ff10"),
          pairs("tinyblob", "binary", "x'01'", "01"),
          pairs("blob", "binary", "x''", "", "x'ff00'", "ff00"),
          pairs("longblob", "binary", "x'02'", "02"),
          pairs(
              "enum('a','b,c','d''e','ü')",
              "string",
              "'a'",
              "a",
              "'b,c'",
              "b,c",
              "'d''e'",
              "d'e",
              "'ü'",
              "ü"),
          pairs("enum('x\\\\y')", "string", "1", "x\\y"),
          pairs("set('a','b','ü')", "string", "'a'", "a", "'a,ü'", "a,ü", "''", ""),
          quoted("json", "string", "{\"a\": [1, 2.50, null]}", "\"ü\""),
          quoted(
              "uuid",
              "uuid",
              "123e4567-e89b-12d3-a456-426655440000",
              "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
          pairs(
              "geometry",
              "binary",
              "ST_GeomFromText('POINT(1 2)')",
              "0101000000000000000000f03f0000000000000040",
              "ST_GeomFromText('POINT(1 2)', 4326)",
              "0101000020e6100000000000000000f03f0000000000000040"),
          pairs(
              "point",
              "binary",
              "ST_GeomFromText('POINT(1 2)')",
              "0101000000000000000000f03f0000000000000040"),
          pairs(
              "linestring",
              "binary",
              "ST_GeomFromText('LINESTRING(0 0, 1 2)')",
              "01020000000200000000000000000000000000000000000000000000000000f03f0000000000000040"),
          pairs("int AS (id + 1) STORED", "int", "DEFAULT", "1"),
          pairs("int AS (id + 1) VIRTUAL", "int", "DEFAULT", "1"),
          pairs("int INVISIBLE", "int", "7", "7"),
          pairs("int NOT NULL DEFAULT 5", "int", "6", "6"),
          pairs("date NOT NULL DEFAULT '2020-01-01'", "date", "'0000-00-00'", "null"),
          pairs("varchar(10) NOT NULL DEFAULT 'x'", "string", "''", ""),
          pairs(
              "datetime DEFAULT current_timestamp()",
              "timestamp",
              "'2026-01-01 00:00:00'",
              "2026-01-01T00:00"),
          pairs("bit(4) DEFAULT b'1010'", "string", "b'1'", "0001"));

  private MariaDbTypes() {}
}
