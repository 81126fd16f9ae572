package dev.firn.ingest;

import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/**
 * Makes Debezium deliver the values of some types as PostgreSQL writes them, where its own way
 * loses something: bit strings (their length), numbers without a fixed scale (their scale, NaN,
 * infinity) and the types that it does not know.
 */
public final class PostgresText implements CustomConverter<SchemaBuilder, RelationalColumn> {
  /** The name under which it stands in {@code converters}. */
  static final String NAME = "firn_text";

  static final String SCHEMA_NAME = "dev.firn.PostgresText";

  /** Property of the converter: Debezium's {@code unavailable.value.placeholder}. */
  static final String PLACEHOLDER = "unavailable.value.placeholder";

  private static final int MAX_PRECISION = 38;

  /** Types of which Debezium knows nothing, by the OIDs that PostgreSQL fixes. */
  private static final Set<Integer> UNKNOWN_SCALARS =
      Set.of(
          24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, // reg*
          27, 28, 29, 5069, // tid, xid, cid, xid8
          2970, 5038, // txid_snapshot, pg_snapshot
          3220, // pg_lsn
          3615, // tsquery
          4072, // jsonpath
          4451, 4532, 4533, 4534, 4535, 4536, // multiranges
          1790); // refcursor

  private String placeholder = "";

  @Override
  public void configure(Properties properties) {
    placeholder = properties.getProperty(PLACEHOLDER, "");
  }

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    if (isText(column)) {
      registration.register(SchemaBuilder.string().name(SCHEMA_NAME), this::text);
    }
  }

  private static boolean isText(RelationalColumn column) {
    int length = column.length().orElse(0);
    return switch (column.nativeType()) {
      case PgOid.BIT -> length != 1;
      case PgOid.VARBIT -> true;
      case PgOid.NUMERIC -> !isFixed(length, column.scale().orElse(0));
      default -> UNKNOWN_SCALARS.contains(column.nativeType());
    };
  }

  private static boolean isFixed(int precision, int scale) {
    return precision > 0 && precision <= MAX_PRECISION && scale >= 0 && scale <= precision;
  }

  private @Nullable Object text(@Nullable Object value) {
    if (value == null) {
      return null;
    }
    if (value == UnchangedToastedReplicationMessageColumn.UNCHANGED_TOAST_VALUE) {
      return placeholder;
    }
    return switch (value) {
      case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
      case PGobject object -> object.getValue();
      default -> value.toString();
    };
  }
}
