package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.MariaDbServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code firn torture}, short; {@code ./firn torture} is the long form. */
class TortureIT {
  @TempDir private Path root;

  @Test
  void killedPausedAndTerminatedItLosesAndDoublesNothing() throws Exception {
    requireNothingLost(torture(DemoSource.Kind.POSTGRES));
  }

  @Test
  void killedPausedAndTerminatedOnMariaDbItLosesAndDoublesNothing() throws Exception {
    assumeTrue(MariaDbServer.isInstalled(), MariaDbServer.INSTALLING);
    requireNothingLost(torture(DemoSource.Kind.MARIADB));
  }

  private TortureReport torture(DemoSource.Kind source) throws Exception {
    TortureSettings settings =
        new TortureSettings(
            3,
            1,
            40,
            40_000,
            20261121,
            source,
            Optional.empty(),
            DemoLake.Storage.LOCAL,
            DemoLake.Access.EMBEDDED,
            BuiltApplication.program().with("-Xmx512m").shortRun());
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    TortureReport report;
    try (DemoFolder folder = DemoFolder.open(root)) {
      report = Torture.run(settings, folder, new Screen(new PrintStream(shown, true), false));
    }
    System.out.println(shown);
    new TortureText(report).lines().forEach(System.out::println);
    return report;
  }

  private static void requireNothingLost(TortureReport report) throws Exception {
    assertThat(report.passed())
        .as(String.join(System.lineSeparator(), new TortureText(report).lines()))
        .isTrue();
    JsonNode json = new ObjectMapper().readTree(report.toJson());
    assertThat(json.get("kills").asInt()).isEqualTo(3);
    assertThat(json.at("/phases/snapshot").asInt()).isEqualTo(1);
    assertThat(json.at("/phases/betweenTables").asInt()).isEqualTo(1);
    assertThat(json.get("paused").asInt()).isEqualTo(1);
    assertThat(json.get("fenced").asInt()).isEqualTo(1);
    assertThat(json.get("terminated").asInt()).isEqualTo(1);
    assertThat(json.get("equal").asBoolean()).isTrue();
    assertThat(json.get("changelogEqual").asBoolean()).isTrue();
    assertThat(json.get("lostRows").asLong()).isZero();
    assertThat(json.get("doubledRows").asLong()).isZero();
  }
}
