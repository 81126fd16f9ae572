package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TestFirn {
  @Test
  void versionIsFilledInByTheBuild() {
    assertThat(FirnVersion.version()).matches("\\d+\\.\\d+\\.\\d+.*");
  }

  @Test
  void unknownCommandIsAUsageError() {
    StringWriter err = new StringWriter();
    int exit = new CommandLine(new Firn()).setErr(new PrintWriter(err)).execute("no-such-command");
    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("no-such-command");
  }
}
