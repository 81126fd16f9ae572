package dev.firn.ingest;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's PostgreSQL connector with a task that outlives a lost connection. */
@SuppressWarnings("unchecked") // A method of the class above is declared without its type.
public final class PatientPostgresConnector extends PostgresConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return PatientPostgresTask.class;
  }
}
