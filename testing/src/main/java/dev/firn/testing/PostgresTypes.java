package dev.firn.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Every type of PostgreSQL, what it becomes in the lake, and values that show it. */
public final class PostgresTypes {
  /**
   * One type.
   *
   * @param type as SQL writes it
   * @param iceberg the type that it becomes
   * @param values literals, and what the lake shows for each, as {@link LakeRows} does
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
      return 2 * row < values.size() ? "$v$" + values.get(2 * row) + "$v$" : "NULL";
    }

    /** What the lake shows for it. */
    public String expected(int row) {
      return 2 * row < values.size() ? values.get(2 * row + 1) : "null";
    }

    @Override
    public Optional<String> shown(int row) {
      return row < size() ? Optional.of(expected(row)) : Optional.empty();
    }
  }

  private static Type pairs(String type, String iceberg, String... values) {
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

  private static final String LONG_DIGITS = "1234567890".repeat(20);

  /** All of them. */
  public static final List<Type> TYPES =
      List.of(
          same("smallint", "int", "-32768", "32767"),
          same("integer", "int", "-2147483648", "2147483647"),
          same("bigint", "long", "-9223372036854775808", "9223372036854775807"),
          same("oid", "long", "0", "4294967295"),
          pairs(
              "numeric(10,2)",
              "decimal(10, 2)",
              "12345678.90",
              "12345678.90",
              "-0.01",
              "-0.01",
              "1234",
              "1234.00"),
          same(
              "numeric(38,10)",
              "decimal(38, 10)",
              "1234567890123456789012345678.0123456789",
              "-0.0000000001"),
          same("numeric(5,0)", "decimal(5, 0)", "99999", "-1"),
          same("numeric(39,1)", "string", "12345678901234567890123456789012345678.9", "NaN"),
          same("numeric(3,5)", "string", "0.00999", "-0.00001"),
          same("numeric(3,-2)", "string", "99900", "-100"),
          same(
              "numeric", "string", "1.50", "NaN", "Infinity", "-Infinity", LONG_DIGITS, "0.000001"),
          same("real", "float", "1.1754944E-38", "NaN", "Infinity", "-Infinity", "3.4028235E38"),
          same("double precision", "double", "2.2250738585072014E-308", "NaN", "Infinity", "-0.0"),
          pairs(
              "money",
              "decimal(19, 2)",
              "12.34",
              "12.34",
              "-90071992547409.90",
              "-90071992547409.90",
              "92233720368547758.07",
              "92233720368547758.07"),
          pairs("boolean", "boolean", "t", "true", "f", "false"),
          pairs("char(5)", "string", "ab", "ab   "),
          same("varchar(20)", "string", "", "grüße 🙂"),
          same("text", "string", "", "two\nlines", "\\x41", "1234"),
          same("name", "string", "a_name"),
          pairs("\"char\"", "string", "x", "x"),
          pairs("bytea", "binary", "\\x", "", "\\x00ff10", "00ff10"),
          pairs(
              "date",
              "date",
              "2026-02-28",
              "2026-02-28",
              "1582-10-14",
              "1582-10-14",
              "1500-02-28",
              "1500-02-28",
              "0001-01-01",
              "0001-01-01",
              "9999-12-31",
              "9999-12-31",
              "0044-03-15 BC",
              "-0043-03-15",
              "12026-01-01",
              "+12026-01-01"),
          pairs("time", "time", "00:00:00", "00:00", "23:59:59.999999", "23:59:59.999999"),
          pairs("time(0)", "time", "12:34:56", "12:34:56"),
          pairs(
              "timetz",
              "string",
              "12:34:56.789012+02",
              "10:34:56.789012Z",
              "23:00:00-05",
              "04:00:00Z"),
          pairs(
              "timestamp",
              "timestamp",
              "2026-02-28 12:34:56.789012",
              "2026-02-28T12:34:56.789012",
              "1969-12-31 23:59:59.999999",
              "1969-12-31T23:59:59.999999",
              "0001-01-01 00:00:00",
              "0001-01-01T00:00",
              "1500-02-28 01:02:03",
              "1500-02-28T01:02:03",
              "1582-10-05 00:00:00",
              "1582-10-05T00:00",
              "0044-03-15 12:00 BC",
              "-0043-03-15T12:00"),
          pairs("timestamp(3)", "timestamp", "2026-02-28 12:34:56.789", "2026-02-28T12:34:56.789"),
          pairs(
              "timestamptz",
              "timestamptz",
              "2026-02-28 12:34:56.789012+02",
              "2026-02-28T10:34:56.789012Z",
              "1969-12-31 23:59:59.999999+00",
              "1969-12-31T23:59:59.999999Z",
              "0001-01-01 00:00:00+00",
              "0001-01-01T00:00Z",
              "1500-02-28 01:02:03+00",
              "1500-02-28T01:02:03Z",
              "1582-10-10 01:02:03.000004+00",
              "1582-10-10T01:02:03.000004Z",
              "0044-03-15 12:00+00 BC",
              "-0043-03-15T12:00Z"),
          pairs("timestamptz(0)", "timestamptz", "2026-02-28 12:34:56+00", "2026-02-28T12:34:56Z"),
          pairs(
              "interval",
              "string",
              "1 year 2 months 3 days 04:05:06.789012",
              "P1Y2M3DT4H5M6.789012S",
              "-1 day",
              "P0Y0M-1DT0H0M0S"),
          same("uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
          same("mood", "string", "happy", "sad"),
          same("json", "string", "{\"b\":1,  \"a\":[1, 2]}", "null"),
          pairs("jsonb", "string", "{\"b\":1,  \"a\":[1, 2]}", "{\"a\": [1, 2], \"b\": 1}"),
          same("xml", "string", "<a b=\"c\">d</a>"),
          same("inet", "string", "192.168.0.1/24", "::1"),
          same("cidr", "string", "192.168.0.0/24"),
          same("macaddr", "string", "08:00:2b:01:02:03"),
          same("macaddr8", "string", "08:00:2b:01:02:03:04:05"),
          pairs("bit(1)", "boolean", "1", "true", "0", "false"),
          same("bit(8)", "string", "00010010", "00000000"),
          same("bit varying(9)", "string", "", "0010", "1"),
          same("bit varying", "string", "00000000000000000000000000000000000000001"),
          same("int4range", "string", "[1,5)", "empty"),
          same("int8range", "string", "[1,5)"),
          same("numrange", "string", "[1.5,2.5]"),
          same("tsrange", "string", "[\"2026-01-01 00:00:00\",\"2026-01-02 00:00:00\")"),
          pairs(
              "tstzrange",
              "string",
              "[\"2026-01-01 00:00:00+00\",\"2026-01-02 00:00:00+00\")",
              "[\"2026-01-01 00:00:00+00\",\"2026-01-02 00:00:00+00\")"),
          same("daterange", "string", "[2026-01-01,2026-01-02)"),
          same("int4multirange", "string", "{[1,3),[5,9)}"),
          same("tsvector", "string", "'a':1 'cat':2"),
          same("tsquery", "string", "'a' & 'b'"),
          pairs(
              "point",
              "struct<x: required double, y: required double>",
              "(1.5,-2)",
              "(1.5, -2.0)",
              "(1e+300,-1e-300)",
              "(1.0E300, -1.0E-300)",
              "(Infinity,NaN)",
              "(Infinity, NaN)"),
          same("line", "string", "{1,-1,0.5}"),
          same("lseg", "string", "[(-0,0),(123456789012345,1.2345678901234568e+15)]"),
          same("box", "string", "(2,2),(0.0001,1e-05)"),
          same("path", "string", "((0,0),(1,1))", "[(0,0),(-Infinity,1e-07)]"),
          same("polygon", "string", "((0,0),(1,1),(1,0))"),
          same("circle", "string", "<(0.1,100),1.5e+200>"),
          same("pg_lsn", "string", "16/B374D848"),
          same("xid8", "string", "18446744073709551615"),
          same("jsonpath", "string", "$.\"a\"[*]"),
          same("price", "decimal(12, 4)", "1.2345"),
          same("any_number", "string", "1.20", "NaN"),
          same("bits", "string", "0010"),
          same("short_text", "string", "abc"),
          same("citext", "string", "MiXed"),
          same("ltree", "string", "Top.Science.Astronomy"),
          same("cube", "string", "(1, 2),(3, 4.5)"),
          pairs(
              "hstore",
              "map<string, string>",
              "b=>2, a=>NULL, \"c d\"=>\"NULL\", e=>\"f\\\"g\\\\\"",
              "{a=null, b=2, c d=NULL, e=f\"g\\}",
              "",
              "{}"),
          pairs("vector", "list<float>", "[1,2.5,-3e-10]", "[1.0, 2.5, -3.0E-10]"),
          pairs(
              "geometry",
              "binary",
              "0101000020E6100000000000000000F03F0000000000000040",
              "0101000020e6100000000000000000f03f0000000000000040"),
          pairs("halfvec", "list<float>", "[1,0.5]", "[1.0, 0.5]"),
          pairs(
              "geography",
              "binary",
              "0101000020E610000000000000000021406666666666A64740",
              "0101000020e610000000000000000021406666666666a64740"),
          same("pair", "string", "(1,\"a b\")", "(,)", "(2,\"\"\"\")"),
          same("span", "string", "[1.5,2)", "empty"),
          same("spans", "string", "{[1.5,2),[3,4)}"),
          pairs(
              "smallint[]",
              "list<int>",
              "{-32768,NULL,32767}",
              "[-32768, null, 32767]",
              "{}",
              "[]",
              "{NULL}",
              "[null]"),
          pairs("int[]", "list<int>", "{1,2}", "[1, 2]"),
          pairs("bigint[]", "list<long>", "{-9223372036854775808}", "[-9223372036854775808]"),
          pairs("oid[]", "list<long>", "{4294967295}", "[4294967295]"),
          pairs(
              "real[]",
              "list<float>",
              "{1.1754944e-38,NaN,-Infinity}",
              "[1.1754944E-38, NaN, -Infinity]"),
          pairs(
              "float8[]",
              "list<double>",
              "{2.2250738585072014e-308,-0}",
              "[2.2250738585072014E-308, -0.0]"),
          pairs("boolean[]", "list<boolean>", "{t,f,NULL}", "[true, false, null]"),
          pairs(
              "numeric(10,2)[]",
              "list<decimal(10, 2)>",
              "{12345678.9,-0.01}",
              "[12345678.90, -0.01]"),
          pairs("numeric[]", "list<string>", "{1.50,NaN,Infinity}", "[1.50, NaN, Infinity]"),
          pairs(
              "text[]",
              "list<string>",
              "{a,\"\",\"NULL\",NULL,\"b,c\",\"{d}\",\"e\\\"f\\\\g\",\"two\nlines\",\" h \",grüße 🙂}",
              "[a, , NULL, null, b,c, {d}, e\"f\\g, two\nlines,  h , grüße 🙂]"),
          pairs("varchar(5)[]", "list<string>", "{ab}", "[ab]"),
          pairs("char(3)[]", "list<string>", "{ab}", "[ab ]"),
          pairs("bytea[]", "list<binary>", "{\"\\\\x00ff10\",\"\\\\x\"}", "[00ff10, ]"),
          pairs(
              "date[]",
              "list<date>",
              "{2026-02-28,\"0044-03-15 BC\",12026-01-01}",
              "[2026-02-28, -0043-03-15, +12026-01-01]"),
          pairs("time[]", "list<time>", "{23:59:59.999999,00:00:00}", "[23:59:59.999999, 00:00]"),
          pairs(
              "timestamp[]",
              "list<timestamp>",
              "{\"2026-02-28 12:34:56.789012\",\"0044-03-15 12:00:00 BC\",\"1500-02-28 01:02:03\"}",
              "[2026-02-28T12:34:56.789012, -0043-03-15T12:00, 1500-02-28T01:02:03]"),
          pairs(
              "timestamptz[]",
              "list<timestamptz>",
              "{\"2026-02-28 12:34:56.789012+02\",\"1969-12-31 23:59:59.999999+00\",\"0044-03-15 12:00:00+00 BC\"}",
              "[2026-02-28T10:34:56.789012Z, 1969-12-31T23:59:59.999999Z, -0043-03-15T12:00Z]"),
          pairs(
              "uuid[]",
              "list<uuid>",
              "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
              "[a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11]"),
          pairs("inet[]", "list<string>", "{192.168.0.1/24,::1}", "[192.168.0.1/24, ::1]"),
          pairs("jsonb[]", "list<string>", "{\"{\\\"a\\\": [1, 2]}\"}", "[{\"a\": [1, 2]}]"),
          pairs("int4range[]", "list<string>", "{\"[1,5)\"}", "[[1,5)]"),
          pairs("bit(3)[]", "list<string>", "{101}", "[101]"),
          pairs("box[]", "list<string>", "{(1,1),(0,0);(2,2),(1,1)}", "[(1,1),(0,0), (2,2),(1,1)]"),
          pairs(
              "point[]",
              "list<struct<x: required double, y: required double>>",
              "{\"(1,2)\",NULL}",
              "[(1.0, 2.0), null]"),
          pairs(
              "hstore[]",
              "list<map<string, string>>",
              "{\"\\\"a\\\"=>\\\"1\\\"\",NULL}",
              "[{a=1}, null]"),
          pairs("pair[]", "list<string>", "{\"(1,\\\"a b\\\")\",NULL}", "[(1,\"a b\"), null]"),
          pairs("span[]", "list<string>", "{\"[1,2)\"}", "[[1,2)]"),
          pairs("vector[]", "list<list<float>>", "{\"[1,2]\"}", "[[1.0, 2.0]]"),
          pairs("numbers", "list<int>", "{1,NULL}", "[1, null]"),
          pairs(
              "mood[]",
              "list<string>",
              "{happy,NULL,so:so;so,\"not, so\"}",
              "[happy, null, so:so;so, not, so]"),
          pairs("price[]", "list<decimal(12, 4)>", "{1.2345,NULL}", "[1.2345, null]"),
          pairs("any_number[]", "list<string>", "{1.20,NaN}", "[1.20, NaN]"),
          pairs("short_text[]", "list<string>", "{abc,\"a,b\"}", "[abc, a,b]"),
          pairs("citext[]", "list<string>", "{MiXed,NULL}", "[MiXed, null]"),
          pairs("age[]", "list<int>", "{1,NULL}", "[1, null]"),
          pairs(
              "corner[]",
              "list<string>",
              "{(1,1),(0,0);(2,2),(1,1)}",
              "[(1,1),(0,0), (2,2),(1,1)]"));

  /** Columns that {@code columns.as-variant} names. */
  public static final List<Type> AS_VARIANT =
      List.of(
          pairs(
              "json",
              "variant",
              " {\"b\":1,  \"a\":[1, 2], \"B\": {}} ",
              "{\"B\":{},\"a\":[1,2],\"b\":1}",
              "null",
              "null",
              "[1.50, 1e2, -0, 0.0, 1e-39, 12345678901234567890123456789012345678]",
              "[1.50,100,-0.0,0.0,1.0E-39,12345678901234567890123456789012345678]",
              "\"\\u0000 \\u00fc \\ud83d\\ude42 ü\"",
              "\"\\u0000 ü 🙂 ü\"",
              "true",
              "true",
              "\"\"",
              "\"\""),
          pairs(
              "jsonb",
              "variant",
              "{\"b\":1,  \"a\":[1, 2], \"b\": null}",
              "{\"a\":[1,2],\"b\":null}",
              "[1.50, 1e300, 9223372036854775808, 0.1]",
              "[1.50,1.0E300,9223372036854775808,0.1]",
              "{}",
              "{}",
              "\"a\"",
              "\"a\"",
              "-32769",
              "-32769"));

  /** Columns that {@code columns.as-geometry} names, of the reference system 4326. */
  public static final List<Type> AS_GEOMETRY =
      List.of(
          pairs(
              "geometry",
              "geometry(OGC:CRS84)",
              "0101000000000000000000F03F0000000000000040",
              "0101000000000000000000f03f0000000000000040",
              "0101000020E6100000000000000000F03F0000000000000040",
              "0101000000000000000000f03f0000000000000040",
              "01010000C0000000000000F03F000000000000004000000000000008400000000000001040",
              "01b90b0000000000000000f03f000000000000004000000000000008400000000000001040",
              "0107000020E61000000100000001020000000200000000000000000000000000000000000000000000000000F03F0000000000000040",
              "01070000000100000001020000000200000000000000000000000000000000000000000000000000f03f0000000000000040"));

  /** What makes the types among them that are not PostgreSQL's own. */
  public static final List<String> MADE =
      Stream.concat(
              Stream.of(
                  "CREATE EXTENSION citext",
                  "CREATE EXTENSION hstore",
                  "CREATE EXTENSION ltree",
                  "CREATE EXTENSION cube",
                  "CREATE TYPE mood AS ENUM ('sad', 'happy', 'so:so;so', 'not, so')",
                  "CREATE DOMAIN price AS numeric(12,4)",
                  "CREATE DOMAIN any_number AS numeric",
                  "CREATE DOMAIN bits AS varbit",
                  "CREATE DOMAIN numbers AS int[]",
                  "CREATE DOMAIN years AS int",
                  "CREATE DOMAIN age AS years CHECK (value > 0)",
                  "CREATE DOMAIN corner AS box",
                  "CREATE DOMAIN short_text AS varchar(3) CHECK (value <> '')",
                  "CREATE TYPE pair AS (n int, t text)",
                  "CREATE TYPE span AS RANGE (subtype = float8, multirange_type_name = spans)"),
              Stream.of("vector", "halfvec", "geometry", "geography")
                  .flatMap(PostgresTypes::standIn))
          .toList();

  private PostgresTypes() {}

  /**
   * A type of an extension that PostgreSQL does not bring along, by its name: its values are the
   * texts that the extension's type writes.
   */
  private static Stream<String> standIn(String type) {
    return Stream.of(
            "CREATE TYPE %s",
            "CREATE FUNCTION %1$s_in(cstring) RETURNS %1$s AS 'textin' LANGUAGE internal IMMUTABLE STRICT",
            "CREATE FUNCTION %1$s_out(%1$s) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT",
            "CREATE TYPE %1$s (INPUT = %1$s_in, OUTPUT = %1$s_out, STORAGE = extended)")
        .map(statement -> statement.formatted(type));
  }
}
