package dev.firn.ingest;

import io.debezium.connector.mysql.MySqlConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's MySQL connector with a task that outlives a lost connection. */
@SuppressWarnings("unchecked") // A method of the class above is declared without its type.
public final class PatientMySqlConnector extends MySqlConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return PatientMySqlTask.class;
  }
}
