package dev.firn.ingest;

import io.debezium.connector.mariadb.MariaDbConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's MariaDB connector with a task that outlives a lost connection. */
@SuppressWarnings("unchecked") // A method of the class above is declared without its type.
public final class PatientMariaDbConnector extends MariaDbConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return PatientMariaDbTask.class;
  }
}
