package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TestPercentiles {
  @Test
  void nearestRankOfAHundred() {
    long[] hundred = LongStream.rangeClosed(1, 100).map(i -> 101 - i).toArray();
    assertThat(Percentiles.of(hundred)).isEqualTo(new Percentiles(50, 95, 99));
  }

  @Test
  void oneValueIsEveryPercentile() {
    assertThat(Percentiles.of(new long[] {7})).isEqualTo(new Percentiles(7, 7, 7));
  }

  @Test
  void aFewValues() {
    assertThat(Percentiles.of(new long[] {30, 10, 20})).isEqualTo(new Percentiles(20, 30, 30));
  }

  @Test
  void nothingMeasuredIsZero() {
    assertThat(Percentiles.of(new long[0])).isEqualTo(Percentiles.NONE);
  }
}
