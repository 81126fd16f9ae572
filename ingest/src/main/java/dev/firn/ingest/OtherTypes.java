package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.DebeziumException;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the elements are of arrays that are not of PostgreSQL's own types: of enums, domains and
 * extensions. The source's catalog is asked when an array type is met for the first time.
 */
final class ElementTypes {
  /** Types from here on are not PostgreSQL's own. */
  private static final int FIRST_OTHER_OID = 16_384;

  /**
   * All array types of the name: where Debezium reads tables it finds types by their names alone. A
   * domain has the delimiter of its base type; a number's digits are those of the innermost.
   */
  private static final String QUERY =
      """
      WITH RECURSIVE element AS (
        SELECT e.oid, e.typtype, e.typcategory, e.typname, e.typdelim, e.typbasetype, e.typtypmod
          FROM pg_type a JOIN pg_type e ON e.oid = a.typelem AND e.typarray = a.oid
         WHERE a.typname = (SELECT typname FROM pg_type WHERE oid = ?)
         UNION ALL
        SELECT b.oid, b.typtype, b.typcategory, b.typname, b.typdelim, b.typbasetype,
               greatest(element.typtypmod, b.typtypmod)
          FROM element JOIN pg_type b ON b.oid = element.typbasetype)
      SELECT oid::bigint, typtype, typcategory, typname, typdelim, typtypmod
        FROM element WHERE typtype <> 'd'
      """;

  /**
   * @param name as PostgreSQL has it in its catalog: {@code int4}, or {@link #OTHER}
   * @param delimiter between the elements in an array's text
   * @param precision of numbers, with the scale; 0 where it is not fixed
   */
  record Element(String name, char delimiter, int precision, int scale) {
    /** A type whose values stay the text that PostgreSQL writes for them. */
    static final String OTHER = "other";

    Element {
      requireNonNull(name, "name is null");
    }
  }

  private final Supplier<PostgresConnection> source;
  private final Map<Integer, Optional<Element>> known = new HashMap<>();

  /**
   * @param source makes a connection to the database that has the types
   */
  ElementTypes(Supplier<PostgresConnection> source) {
    this.source = requireNonNull(source, "source is null");
  }

  /** Whether a type is PostgreSQL's own, by its OID: 32 bits without a sign. */
  static boolean isOwn(int type) {
    return Integer.compareUnsigned(type, FIRST_OTHER_OID) < 0;
  }

  /**
   * The elements of an array type; empty where the lake has no exact type for them, or where types
   * of one name in several schemas have different ones.
   *
   * @param array the array type's OID
   * @throws DebeziumException the source cannot be asked; caused by a {@link SQLException}
   */
  Optional<Element> of(int array) {
    return known.computeIfAbsent(array, this::ask);
  }

  private Optional<Element> ask(int array) {
    try (PostgresConnection connection = source.get();
        PreparedStatement query = connection.connection().prepareStatement(QUERY)) {
      query.setLong(1, Integer.toUnsignedLong(array));
      Set<Optional<Element>> found = new HashSet<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(element(rows));
        }
      }
      return found.size() == 1 ? found.iterator().next() : Optional.empty();
    } catch (SQLException e) {
      throw new DebeziumException("cannot ask the source about the array type " + array, e);
    }
  }

  private static Optional<Element> element(ResultSet row) throws SQLException {
    boolean isOwn = isOwn((int) row.getLong(1));
    boolean isArray = row.getString(3).equals("A");
    boolean isEnum = row.getString(2).equals("e");
    // Such as citext: pg_type calls its kind (typcategory) a string.
    boolean isString = row.getString(2).equals("b") && row.getString(3).equals("S");
    if (isArray || (!isOwn && !isEnum && !isString)) {
      return Optional.empty();
    }
    // What is behind the type means digits for numbers only; for texts it is a length.
    int digits = row.getString(4).equals("numeric") ? row.getInt(6) - Integer.BYTES : -1;
    return Optional.of(
        new Element(
            isOwn ? row.getString(4) : Element.OTHER,
            row.getString(5).charAt(0),
            digits < 0 ? 0 : digits >>> Short.SIZE,
            digits < 0 ? 0 : scale(digits)));
  }

  /** The lowest 11 bits, signed: see {@code numeric_typmod_scale} of PostgreSQL. */
  private static int scale(int digits) {
    return ((digits & 0x7ff) ^ 0x400) - 0x400;
  }
}
