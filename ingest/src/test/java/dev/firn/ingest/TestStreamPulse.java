package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TestStreamPulse {
  /** Nanoseconds of a clock that is about to turn over. */
  private static final long START = Long.MAX_VALUE - Duration.ofSeconds(25).toNanos();

  private static final StreamPulse.Look NOTHING = new StreamPulse.Look.Unreachable();

  private final StreamPulse pulse = new StreamPulse(Duration.ofSeconds(30), START);

  private StreamPulse.State feel(StreamPulse.Look look, long bytes, int second) {
    return pulse.feel(look, bytes, START + Duration.ofSeconds(second).toNanos());
  }

  private static StreamPulse.Look replied(String when) {
    return new StreamPulse.Look.Answered(when);
  }

  @Test
  void idleStreamLivesAsLongAsTheServerHearsOfItsReader() {
    for (int second = 10; second < 300; second += 10) {
      assertThat(feel(replied("at " + second), 7, second)).isEqualTo(StreamPulse.State.ALIVE);
    }
  }

  @Test
  void senderThatHangsIsDeadAfterTheLongestSilenceAndThenHasAnotherGrace() {
    assertThat(feel(replied("a"), 7, 10)).isEqualTo(StreamPulse.State.ALIVE);
    assertThat(feel(replied("a"), 8, 20)).isEqualTo(StreamPulse.State.SILENT);
    assertThat(feel(replied("a"), 9, 40)).isEqualTo(StreamPulse.State.DEAD);
    assertThat(feel(replied("a"), 9, 50)).isEqualTo(StreamPulse.State.SILENT);
  }

  @Test
  void networkThatSwallowsIsDeadUnlessSomethingComesOnTheStream() {
    assertThat(feel(NOTHING, 1, 10)).isEqualTo(StreamPulse.State.ALIVE);
    assertThat(feel(NOTHING, 1, 30)).isEqualTo(StreamPulse.State.SILENT);
    assertThat(feel(NOTHING, 1, 40)).isEqualTo(StreamPulse.State.DEAD);
  }

  @Test
  void serverThatTakesNoMoreConnectionsIsThere() {
    assertThat(feel(new StreamPulse.Look.Refused(), 1, 500)).isEqualTo(StreamPulse.State.ALIVE);
    assertThat(feel(new StreamPulse.Look.NoStream(), 1, 900)).isEqualTo(StreamPulse.State.ALIVE);
  }

  @Test
  void startThatReadsSchemasIsNoSilence() {
    assertThat(feel(replied(""), 10, 100)).isEqualTo(StreamPulse.State.ALIVE);
    assertThat(feel(replied(""), 10, 130)).isEqualTo(StreamPulse.State.DEAD);
  }
}
