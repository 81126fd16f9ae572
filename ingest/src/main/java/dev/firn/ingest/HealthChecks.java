package dev.firn.ingest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.util.function.Supplier;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** The readiness checks of {@code /q/health/ready}. */
@ApplicationScoped
public class HealthChecks {
  private final Operations operations;

  @Inject
  public HealthChecks(Operations operations) {
    this.operations = operations;
  }

  @Produces
  @Readiness
  HealthCheck pipeline() {
    return check(operations::pipeline);
  }

  @Produces
  @Readiness
  HealthCheck source() {
    return check(operations::source);
  }

  @Produces
  @Readiness
  HealthCheck commit() {
    return check(operations::commit);
  }

  @Produces
  @Readiness
  HealthCheck memory() {
    return check(operations::memory);
  }

  @Produces
  @Readiness
  HealthCheck quarantine() {
    return check(operations::quarantine);
  }

  private static HealthCheck check(Supplier<Verdict> verdict) {
    return () -> response(verdict.get());
  }

  private static HealthCheckResponse response(Verdict verdict) {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named(verdict.name()).status(verdict.isUp());
    verdict
        .data()
        .forEach((key, value) -> {
          switch (value) {
            case Boolean truth -> response.withData(key, truth);
            case Long number -> response.withData(key, number);
            default -> response.withData(key, value.toString());
          }
        });
    return response.build();
  }
}
