package dev.firn.ingest;

import io.debezium.connector.mysql.MySqlOffsetContext;
import io.debezium.connector.mysql.MySqlPartition;

/** The task for MySQL. */
public final class PatientMySqlTask extends PatientBinlogTask<MySqlPartition, MySqlOffsetContext> {
  /** Called by Debezium, by the class's name. */
  public PatientMySqlTask() {
    super(new MySqlDialect());
  }
}
