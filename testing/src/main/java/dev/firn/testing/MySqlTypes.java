package dev.firn.testing;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Every type of MySQL, what it becomes in the lake, and values that show it: those of MariaDB that
 * it has as well, and its own.
 */
public final class MySqlTypes {
  /** What only MariaDB has, or has otherwise. */
  private static final Set<String> OTHERS = Set.of("uuid", "json", "geometry");

  /** Columns that are named to become text. */
  public static final List<MariaDbTypes.Type> AS_TEXT = MariaDbTypes.AS_TEXT;

  /** Columns that are named to become variants; numbers are as MySQL keeps them. */
  public static final List<MariaDbTypes.Type> AS_VARIANT =
      List.of(
          MariaDbTypes.pairs(
              "json",
              "variant",
              "' {\"b\": [1, 2.50, null], \"a\": {}} '",
              "{\"a\":{},\"b\":[1,2.5,null]}",
              "'\"ü🙂\"'",
              "\"ü🙂\"",
              "'1e2'",
              "100.0",
              "'null'",
              "null"),
          MariaDbTypes.pairs("longtext", "variant", "'[true, \"\"]'", "[true,\"\"]"));

  /**
   * Columns that are named to become geometries. MySQL takes the latitude first in the system 4326,
   * and keeps the longitude first.
   */
  public static final List<MariaDbTypes.Type> AS_GEOMETRY =
      List.of(
          MariaDbTypes.pairs(
              "geometry",
              "geometry(OGC:CRS84)",
              "ST_GeomFromText('POINT(2 1)', 4326)",
              "0101000000000000000000f03f0000000000000040",
              "ST_GeomFromText('GEOMETRYCOLLECTION(LINESTRING(0 0, 1 2))')",
              "01070000000100000001020000000200000000000000000000000000000000000000000000000000f03f0000000000000040"),
          MariaDbTypes.pairs(
              "point",
              "geometry(OGC:CRS84)",
              "ST_GeomFromText('POINT(1 2)')",
              "0101000000000000000000f03f0000000000000040"));

  /** Those that MariaDB has not, or has otherwise. */
  public static final List<MariaDbTypes.Type> OWN = own();

  /** All others; a table of them has a column {@code id} as well. */
  public static final List<MariaDbTypes.Type> TYPES =
      Stream.concat(
              MariaDbTypes.TYPES.stream().filter(type -> !OTHERS.contains(type.type())),
              OWN.stream())
          .toList();

  private MySqlTypes() {}

  private static List<MariaDbTypes.Type> own() {
    return List.of(
        MariaDbTypes.pairs(
            "json",
            "string",
            "'{\"b\": [1, 2.50, null], \"a\": {}}'",
            "{\"a\": {}, \"b\": [1, 2.5, null]}",
            "'\"ü🙂\"'",
            "\"ü🙂\"",
            "'1e2'",
            "100.0"),
        MariaDbTypes.quoted("varchar(20) COLLATE utf8mb4_0900_ai_ci", "string", "grüße 🙂"),
        MariaDbTypes.quoted("varchar(20) CHARACTER SET gb18030", "string", "漢字"),
        MariaDbTypes.pairs("varchar(9) DEFAULT (concat('a', 'b'))", "string", "'c'", "c"),
        // MySQL takes the latitude first in this system, and keeps the longitude first.
        MariaDbTypes.pairs(
            "geometry",
            "binary",
            "ST_GeomFromText('POINT(1 2)')",
            "0101000000000000000000f03f0000000000000040",
            "ST_GeomFromText('POINT(2 1)', 4326)",
            "0101000020e6100000000000000000f03f0000000000000040"),
        MariaDbTypes.pairs(
            "geomcollection",
            "binary",
            "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')",
            "010700000001000000" + "0101000000000000000000f03f0000000000000040"));
  }
}
