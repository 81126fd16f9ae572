package dev.firn.ingest;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;

/** Shows what Debezium says of its streaming by JMX; NaN while it says nothing. */
final class EngineMetrics {
  private static final double MILLIS = 1_000;

  private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
  private final ObjectName streaming;

  private EngineMetrics(ObjectName streaming) {
    this.streaming = streaming;
  }

  static void bridge(MeterRegistry registry, String topicPrefix) {
    EngineMetrics metrics = new EngineMetrics(name(topicPrefix));
    Gauge.builder(
            "debezium.behind.source", metrics, m -> m.get("MilliSecondsBehindSource") / MILLIS)
        .description("Debezium's MilliSecondsBehindSource; negative before the first event")
        .baseUnit("seconds")
        .strongReference(true)
        .register(registry);
    FunctionCounter.builder("debezium.events.seen", metrics, m -> m.get("TotalNumberOfEventsSeen"))
        .description("Debezium's TotalNumberOfEventsSeen, since the last connection")
        .register(registry);
    Gauge.builder(
            "debezium.queue.remaining.capacity", metrics, m -> m.get("QueueRemainingCapacity"))
        .description("Debezium's QueueRemainingCapacity, in events")
        .strongReference(true)
        .register(registry);
    Gauge.builder("debezium.connected", metrics, m -> m.get("Connected"))
        .description("Debezium's Connected: 1 or 0")
        .strongReference(true)
        .register(registry);
  }

  private double get(String attribute) {
    try {
      return switch (server.getAttribute(streaming, attribute)) {
        case Number number -> number.doubleValue();
        case Boolean truth -> truth ? 1 : 0;
        case null, default -> Double.NaN;
      };
    } catch (JMException e) {
      return Double.NaN;
    }
  }

  private static ObjectName name(String topicPrefix) {
    try {
      return new ObjectName(
          "debezium.postgres:type=connector-metrics,context=streaming,server=%s"
              .formatted(topicPrefix));
    } catch (MalformedObjectNameException e) {
      throw new IllegalArgumentException("topic.prefix " + topicPrefix, e);
    }
  }
}
