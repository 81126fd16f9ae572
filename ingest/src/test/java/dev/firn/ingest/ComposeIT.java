package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ComposeContainer;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ContainerState;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** The whole of docker-compose.yml; skipped where there is no Docker engine. */
class ComposeIT {
  private static final Duration START_WITHIN = Duration.ofMinutes(20);
  private static final Duration ROWS_WITHIN = Duration.ofMinutes(3);

  @Test
  void trinoReadsTheShop() throws Exception {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(),
        "no Docker engine: docker-compose.yml has not been run");
    try (ComposeContainer compose = compose()) {
      compose.start();
      ContainerState trino = compose.getContainerByServiceName("trino-1").orElseThrow();
      Instant deadline = Instant.now().plus(ROWS_WITHIN);
      ExecResult answer = orders(trino);
      while (answer.getExitCode() != 0 && Instant.now().isBefore(deadline)) {
        TimeUnit.SECONDS.sleep(2);
        answer = orders(trino);
      }
      assertThat(answer.getExitCode()).as(answer.getStderr()).isZero();
      assertThat(answer.getStdout().replaceAll("\\D", "")).asInt().isGreaterThanOrEqualTo(2000);
    }
  }

  private static ExecResult orders(ContainerState trino) throws Exception {
    return trino.execInContainer("trino", "--execute", "SELECT count(*) FROM lake.shop.orders");
  }

  private static ComposeContainer compose() {
    return new ComposeContainer(
            DockerImageName.parse("docker:27.3.1-cli"),
            Path.of("..", "docker-compose.yml").toFile())
        .withEnv("POSTGRES_PASSWORD", "for-this-test-only")
        .withEnv("FIRN_DB_PASSWORD", "for-this-test-only")
        .withEnv("MINIO_ROOT_PASSWORD", "for-this-test-only")
        .withEnv("S3_FIRN_WRITER_SECRET", "for-this-test-only")
        .withEnv("S3_ANALYST_SECRET", "for-this-test-only")
        .withEnv("S3_AUDITOR_SECRET", "for-this-test-only")
        .withEnv("GRAFANA_PASSWORD", "for-this-test-only")
        .withOptions("--profile metrics")
        .withBuild(true)
        .waitingFor("firn-1", Wait.forHealthcheck().withStartupTimeout(START_WITHIN))
        .waitingFor("trino-1", Wait.forHealthcheck().withStartupTimeout(START_WITHIN))
        .waitingFor("grafana-1", Wait.forHealthcheck().withStartupTimeout(START_WITHIN));
  }
}
