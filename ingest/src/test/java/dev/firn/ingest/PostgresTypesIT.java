package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every scalar type of PostgreSQL, and arrays of them, from a real server into real Iceberg tables.
 */
class PostgresTypesIT {
  private static final int STREAMED = 1000;

  /**
   * @param type as SQL writes it
   * @param iceberg the type that it becomes
   * @param values literals, and what the lake shows for each
   */
  private record Type(String type, String iceberg, List<String> values) {
    String literal(int row) {
      return 2 * row < values.size() ? "$v$" + values.get(2 * row) + "$v$" : "NULL";
    }

    String expected(int row) {
      return 2 * row < values.size() ? values.get(2 * row + 1) : "null";
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

  private static final List<Type> TYPES =
      List.of(
          same("smallint", "int", "-32768", "32767"),
          same("integer", "int", "-2147483648", "2147483647"),
          same("bigint", "long", "-9223372036854775808", "9223372036854775807"),
          same("oid", "long", "0", "4294967295"),
          same("numeric(10,2)", "decimal(10, 2)", "12345678.90", "-0.01", "1234"),
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
              "-90071992547409.90"),
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
              "1582-10-15",
              "1582-10-15",
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
          same("pg_lsn", "string", "16/B374D848"),
          same("xid8", "string", "18446744073709551615"),
          same("jsonpath", "string", "$.\"a\"[*]"),
          same("price", "decimal(12, 4)", "1.2345"),
          same("any_number", "string", "1.20", "NaN"),
          same("bits", "string", "0010"),
          same("short_text", "string", "abc"),
          same("citext", "string", "MiXed"),
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

  private static final int ROWS =
      TYPES.stream().mapToInt(type -> type.values().size() / 2).max().orElseThrow() + 1;

  @Test
  void everyTypeArrivesExactly(@TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      createTable(sql);
      insert(sql, 0);
      List<String> problems = new ArrayList<>();
      try (Engine engine = Engine.start(Engine.settings(server, "postgres", lake))) {
        engine.awaitCaughtUp(connection);
        insert(sql, STREAMED);
        engine.awaitCaughtUp(connection);
      }
      Table table = load(lake);
      Map<Integer, Record> rows = rows(table);
      assertThat(rows).hasSize(2 * ROWS);
      for (int i = 0; i < TYPES.size(); i++) {
        Type type = TYPES.get(i);
        String found = table.schema().findType("c" + i).toString();
        if (!found.equals(type.iceberg())) {
          problems.add("%s became %s, not %s".formatted(type.type(), found, type.iceberg()));
        }
        for (int row = 0; row < ROWS; row++) {
          compare(problems, type, row, "read", row(rows, row), i);
          compare(problems, type, row, "streamed", row(rows, row + STREAMED), i);
        }
      }
      assertThat(problems).isEmpty();
    }
  }

  private static Record row(Map<Integer, Record> rows, int id) {
    return Objects.requireNonNull(rows.get(id), "no row " + id);
  }

  private static void compare(
      List<String> problems, Type type, int row, String how, Record found, int column) {
    String text = text(found.getField("c" + column));
    if (!text.equals(type.expected(row))) {
      problems.add("%s %s, %s: %s".formatted(type.type(), type.literal(row), how, text));
    }
  }

  private static void createTable(Statement sql) throws SQLException {
    sql.execute("CREATE EXTENSION citext");
    sql.execute("CREATE TYPE mood AS ENUM ('sad', 'happy', 'so:so;so', 'not, so')");
    sql.execute("CREATE DOMAIN price AS numeric(12,4)");
    sql.execute("CREATE DOMAIN any_number AS numeric");
    sql.execute("CREATE DOMAIN bits AS varbit");
    sql.execute("CREATE DOMAIN numbers AS int[]");
    sql.execute("CREATE DOMAIN years AS int");
    sql.execute("CREATE DOMAIN age AS years CHECK (value > 0)");
    sql.execute("CREATE DOMAIN corner AS box");
    sql.execute("CREATE DOMAIN short_text AS varchar(3) CHECK (value <> '')");
    String columns =
        IntStream.range(0, TYPES.size())
            .mapToObj(i -> "c%d %s".formatted(i, TYPES.get(i).type()))
            .collect(Collectors.joining(", "));
    sql.execute("CREATE TABLE all_types (id integer PRIMARY KEY, " + columns + ")");
  }

  private static void insert(Statement sql, int from) throws SQLException {
    for (int row = 0; row < ROWS; row++) {
      int at = row;
      String values =
          TYPES.stream().map(type -> type.literal(at)).collect(Collectors.joining(", "));
      sql.execute("INSERT INTO all_types VALUES (%d, %s)".formatted(from + row, values));
    }
  }

  private static Table load(Path lake) {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
    return catalog.loadTable(TableIdentifier.of("public", "all_types"));
  }

  private static Map<Integer, Record> rows(Table table) throws Exception {
    Map<Integer, Record> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      for (Record row : read) {
        rows.put((Integer) row.getField("id"), row.copy());
      }
    }
    return rows;
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case java.math.BigDecimal decimal ->
          decimal.stripTrailingZeros().toPlainString().equals("1234")
              ? "1234"
              : decimal.toPlainString();
      case ByteBuffer bytes -> {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        yield HexFormat.of().formatHex(copy);
      }
      case List<?> list ->
          list.stream().map(PostgresTypesIT::text).collect(Collectors.joining(", ", "[", "]"));
      default -> value.toString();
    };
  }
}
