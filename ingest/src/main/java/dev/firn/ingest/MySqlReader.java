package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.debezium.connector.mysql.MySqlConnectorConfig;
import io.debezium.connector.mysql.jdbc.MySqlTextProtocolFieldReader;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of a query as the server writes them, where the driver would make something else
 * of them: it has no zero dates, and no times beyond a day.
 */
final class MySqlReader extends MySqlTextProtocolFieldReader {
  MySqlReader(MySqlConnectorConfig connector) {
    super(connector);
  }

  @Override
  public @Nullable Object readField(ResultSet row, int index, Column column, Table table)
      throws SQLException {
    return switch (BinlogValues.Kind.of(column.typeName())) {
      case DATE, DATETIME, TIMESTAMP, TIME, YEAR -> text(row.getBytes(index));
      case BIT, GEOMETRY -> row.getBytes(index);
      case JSON -> row.getString(index);
      case FLOAT, REAL, BOOLEAN, DECIMAL, UUID, OTHER -> super.readField(row, index, column, table);
    };
  }

  private static @Nullable String text(byte @Nullable [] written) {
    return written == null ? null : BinlogText.READ + new String(written, US_ASCII);
  }
}
