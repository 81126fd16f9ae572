package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import io.debezium.DebeziumException;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.source.spi.ChangeEventSource.ChangeEventSourceContext;
import java.io.IOException;

/** A connection that the server closes ends a log's reader, of which Debezium is not told. */
final class LostLog extends BinaryLogClient.AbstractLifecycleListener {
  private final ChangeEventSourceContext context;
  private final ErrorHandler errors;

  LostLog(ChangeEventSourceContext context, ErrorHandler errors) {
    this.context = context;
    this.errors = errors;
  }

  @Override
  public void onDisconnect(BinaryLogClient client) {
    if (context.isRunning()) {
      errors.setProducerThrowable(
          new DebeziumException(new IOException("the server has closed the connection")));
    }
  }
}
