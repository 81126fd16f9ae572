package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

/** The application as the build has just packaged it. */
public final class BuiltApplication {
  private BuiltApplication() {}

  public static Path jar() {
    Path jar = Path.of("target", "quarkus-app", "quarkus-run.jar").toAbsolutePath();
    assertThat(jar).as("built by mvn package").exists();
    return jar;
  }
}
