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
 * What the values are of types that are not PostgreSQL's own: of enums, domains, composite types,
 * ranges and extensions, and of arrays of them. The source's catalog is asked when a type is met
 * for the first time.
 */
final class OtherTypes {
  /** Types from here on are not PostgreSQL's own. */
  private static final int FIRST_OTHER_OID = 16_384;

  /**
   * All types of the name: where Debezium reads tables it finds types by their names alone. Every
   * table has a type of its name, which is asked for only where a column has it. A domain has the
   * delimiter of its base type; a number's digits are those of the innermost.
   */
  private static final String QUERY =
      """
      WITH RECURSIVE value AS (
        SELECT v.oid, v.typtype, v.typcategory, v.typname, v.typdelim, v.typbasetype, v.typtypmod
          FROM pg_type a
               LEFT JOIN pg_type e ON e.oid = a.typelem AND e.typarray = a.oid
               JOIN pg_type v ON v.oid = coalesce(e.oid, a.oid)
               LEFT JOIN pg_class c ON c.oid = v.typrelid
         WHERE a.typname = (SELECT typname FROM pg_type WHERE oid = ?)
           AND (c.oid IS NULL OR c.relkind = 'c' OR a.oid = ?)
         UNION ALL
        SELECT b.oid, b.typtype, b.typcategory, b.typname, b.typdelim, b.typbasetype,
               greatest(value.typtypmod, b.typtypmod)
          FROM value JOIN pg_type b ON b.oid = value.typbasetype)
      SELECT oid::bigint, typtype, typcategory, typname, typdelim, typtypmod
        FROM value WHERE typtype <> 'd'
      """;

  /** Extensions' types that become more than the text that PostgreSQL writes for their values. */
  private static final Set<String> EXTENSIONS =
      Set.of("hstore", "vector", "halfvec", "geometry", "geography");

  /**
   * @param name as PostgreSQL has it in its catalog: {@code int4}, or {@link #OTHER}
   * @param delimiter between such values in the text of an array
   * @param precision of numbers, with the scale; 0 where it is not fixed
   */
  record Value(String name, char delimiter, int precision, int scale) {
    /** A type whose values stay the text that PostgreSQL writes for them. */
    static final String OTHER = "other";

    Value {
      requireNonNull(name, "name is null");
    }
  }

  private final Supplier<PostgresConnection> source;
  private final Map<Integer, Optional<Value>> known = new HashMap<>();

  /**
   * @param source makes a connection to the database that has the types
   */
  OtherTypes(Supplier<PostgresConnection> source) {
    this.source = requireNonNull(source, "source is null");
  }

  /** Whether a type is PostgreSQL's own, by its OID: 32 bits without a sign. */
  static boolean isOwn(int type) {
    return Integer.compareUnsigned(type, FIRST_OTHER_OID) < 0;
  }

  /**
   * The values of a type, of an array type the elements; empty for arrays of arrays, and where
   * types of one name in several schemas have different values.
   *
   * @param type its OID
   * @throws DebeziumException the source cannot be asked; caused by a {@link SQLException}
   */
  Optional<Value> of(int type) {
    return known.computeIfAbsent(type, this::ask);
  }

  private Optional<Value> ask(int type) {
    try (PostgresConnection connection = source.get();
        PreparedStatement query = connection.connection().prepareStatement(QUERY)) {
      query.setLong(1, Integer.toUnsignedLong(type));
      query.setLong(2, Integer.toUnsignedLong(type));
      Set<Optional<Value>> found = new HashSet<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(value(rows));
        }
      }
      return found.size() == 1 ? found.iterator().next() : Optional.empty();
    } catch (SQLException e) {
      throw new DebeziumException("cannot ask the source about the type " + type, e);
    }
  }

  private static Optional<Value> value(ResultSet row) throws SQLException {
    if (row.getString(3).equals("A")) {
      return Optional.empty();
    }
    String name = row.getString(4);
    boolean isNamed =
        isOwn((int) row.getLong(1)) || (row.getString(2).equals("b") && EXTENSIONS.contains(name));
    // What is behind the type means digits for numbers only; for texts it is a length.
    int digits = name.equals("numeric") ? row.getInt(6) - Integer.BYTES : -1;
    return Optional.of(
        new Value(
            isNamed ? name : Value.OTHER,
            row.getString(5).charAt(0),
            digits < 0 ? 0 : digits >>> Short.SIZE,
            digits < 0 ? 0 : scale(digits)));
  }

  /** The lowest 11 bits, signed: see {@code numeric_typmod_scale} of PostgreSQL. */
  private static int scale(int digits) {
    return ((digits & 0x7ff) ^ 0x400) - 0x400;
  }
}
