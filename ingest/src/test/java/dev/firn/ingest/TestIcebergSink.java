package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.debezium.DebeziumException;
import org.apache.kafka.connect.errors.RetriableException;
import org.junit.jupiter.api.Test;

final class TestIcebergSink {
  /** The engine would go on with the next batch, and this one would be lost. */
  @Test
  void nothingRetriableComesOutOfTheSink() {
    RetriableException inner = new RetriableException("of a driver, say");
    assertThatThrownBy(() ->
            IcebergSink.guarded(
                () -> {
                  throw inner;
                },
                failure -> assertThat(failure).isSameAs(inner)))
        .isExactlyInstanceOf(DebeziumException.class)
        .isNotInstanceOf(RetriableException.class)
        .hasCause(inner);
  }
}
