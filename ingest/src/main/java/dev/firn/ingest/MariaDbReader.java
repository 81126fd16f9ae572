package dev.firn.ingest;

import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.jdbc.MariaDbFieldReader;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of a query as the server writes them, where the driver would make something else
 * of them: it has no zero dates, no times beyond a day, and its own objects for geometries.
 */
final class MariaDbReader extends MariaDbFieldReader {
  MariaDbReader(MariaDbConnectorConfig connector) {
    super(connector);
  }

  @Override
  public @Nullable Object readField(ResultSet row, int index, Column column, Table table)
      throws SQLException {
    return switch (BinlogValues.Kind.of(column.typeName())) {
      case DATE, DATETIME, TIMESTAMP, TIME, YEAR, UUID -> text(row.getString(index));
      case BIT, GEOMETRY -> row.getBytes(index);
      case FLOAT, REAL, BOOLEAN, JSON, DECIMAL, OTHER -> super.readField(row, index, column, table);
    };
  }

  private static @Nullable String text(@Nullable String value) {
    return value == null ? null : BinlogText.READ + value;
  }
}
