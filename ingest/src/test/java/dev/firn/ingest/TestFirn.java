package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TestFirn {
  @Test
  void versionIsFilledInByTheBuild() {
    assertThat(FirnVersion.version()).matches("\\d+\\.\\d+\\.\\d+.*");
  }

  @Test
  void unknownCommandIsAUsageError() {
    StringWriter err = new StringWriter();
    int exit = Firn.commandLine().setErr(new PrintWriter(err)).execute("no-such-command");
    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("no-such-command");
  }

  @Test
  void illOptionIsAUsageErrorThatNamesIt() {
    StringWriter err = new StringWriter();
    int exit = Firn.commandLine().setErr(new PrintWriter(err)).execute("demo", "--pg", "9");
    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).isEqualToIgnoringNewLines("firn demo: --pg 9: 16, 17 or 18");
  }

  @Test
  void versionNamesWhatItIsMadeOf() {
    assertThat(FirnVersion.lines())
        .extracting(line -> line.split(" ", 2)[0])
        .containsExactly("firn", "java", "debezium", "iceberg");
  }
}
