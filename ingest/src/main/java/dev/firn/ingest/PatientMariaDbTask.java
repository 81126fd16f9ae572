package dev.firn.ingest;

import io.debezium.connector.mariadb.MariaDbOffsetContext;
import io.debezium.connector.mariadb.MariaDbPartition;

/** The task for MariaDB. */
public final class PatientMariaDbTask
    extends PatientBinlogTask<MariaDbPartition, MariaDbOffsetContext> {
  /** Called by Debezium, by the class's name. */
  public PatientMariaDbTask() {
    super(new MariaDbDialect());
  }
}
