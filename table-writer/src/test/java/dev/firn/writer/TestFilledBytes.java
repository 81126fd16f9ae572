package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class TestFilledBytes {
  private final FilledBytes bytes = new FilledBytes();

  @Test
  void filesTellUntilValuesDo() {
    assertThat(bytes.perRow()).isZero();
    bytes.suggestedBy(Map.of("total-records", "10", "total-files-size", "5000"));
    assertThat(bytes.perRow()).isEqualTo(2_000);
    bytes.filled(300);
    assertThat(bytes.perRow()).isEqualTo(300);
    bytes.suggestedBy(Map.of("total-records", "10", "total-files-size", "5000"));
    assertThat(bytes.perRow()).isEqualTo(300);
  }

  @Test
  void snapshotsThatTellNothingAreNothing() {
    bytes.suggestedBy(Map.of());
    bytes.suggestedBy(Map.of("total-records", "0", "total-files-size", "0"));
    assertThat(bytes.perRow()).isZero();
  }

  @Test
  void largerRowsCountSoonAndSmallerOnesLate() {
    bytes.filled(1_000);
    for (int i = 0; i < 20; i++) {
      bytes.filled(100_000);
    }
    assertThat(bytes.perRow()).isGreaterThan(90_000);
    for (int i = 0; i < 20; i++) {
      bytes.filled(1_000);
    }
    assertThat(bytes.perRow()).isBetween(60_000, 90_000);
  }

  @Test
  void hugeRowsDoNotOverflow() {
    bytes.filled(Long.MAX_VALUE);
    bytes.filled(Long.MAX_VALUE);
    assertThat(bytes.perRow()).isEqualTo(64 << 20);
  }
}
