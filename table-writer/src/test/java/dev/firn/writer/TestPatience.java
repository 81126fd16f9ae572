package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TestPatience {
  private static final Patience USUAL = Patience.of(Duration.ofMinutes(5));

  @TempDir private Path folder;

  @Test
  void pausesAreTheTables() {
    Patience patience = USUAL.of(tableWith("7", "70"));
    assertThat(patience.firstPause()).isEqualTo(Duration.ofMillis(7));
    assertThat(patience.longestPause()).isEqualTo(Duration.ofMillis(70));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0, 100", "-1, 100", "100, 100", "200, 100", "300000, 400000"})
  void pausesThatMakeNoSenseAreNotTaken(String first, String longest) {
    Patience patience = USUAL.of(tableWith(first, longest));
    assertThat(patience).isEqualTo(USUAL);
    AtomicInteger trials = new AtomicInteger();
    int result =
        patience.run(
            () -> {
              if (trials.incrementAndGet() == 1) {
                throw new IllegalStateException("refused");
              }
              return 3;
            },
            failure -> true,
            new CountDownLatch(1));
    assertThat(result).isEqualTo(3);
    assertThat(trials).hasValue(2);
  }

  private Table tableWith(String first, String longest) {
    Table table = WriterFixture.withoutChangelog(folder).table();
    table
        .updateProperties()
        .set("commit.retry.min-wait-ms", first)
        .set("commit.retry.max-wait-ms", longest)
        .commit();
    return table;
  }
}
