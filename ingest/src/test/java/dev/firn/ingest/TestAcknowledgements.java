package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.log.LsnPosition;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestAcknowledgements {
  private final Acknowledgements<String> acknowledgements =
      new Acknowledgements<>(Optional.of(new LsnPosition(1)));

  private Optional<String> committed(long lsn) {
    return acknowledgements.takeCommitted(Optional.of(new LsnPosition(lsn)));
  }

  @Test
  void onlyTheNewestCommittedIsGiven() {
    acknowledgements.ended(new LsnPosition(10), "a");
    acknowledgements.ended(new LsnPosition(20), "b");
    acknowledgements.ended(new LsnPosition(30), "c");
    assertThat(committed(5)).isEmpty();
    assertThat(committed(25)).contains("b");
    assertThat(committed(25)).isEmpty();
    assertThat(acknowledgements.isEmpty()).isFalse();
    assertThat(committed(30)).contains("c");
    assertThat(acknowledgements.isEmpty()).isTrue();
  }

  @Test
  void whatCameBetweenWaitsForAllBeforeIt() {
    acknowledgements.between(new LsnPosition(1), "idle");
    assertThat(committed(1)).contains("idle");
    acknowledgements.ended(new LsnPosition(10), "a");
    acknowledgements.between(new LsnPosition(10), "later");
    acknowledgements.between(new LsnPosition(10), "latest");
    assertThat(committed(9)).isEmpty();
    assertThat(committed(10)).contains("latest");
  }

  @Test
  void whatHadNothingForTheLakeWaitsUntilTheControlTableHasFollowed() {
    acknowledgements.ended(new LsnPosition(10), "a");
    acknowledgements.between(new LsnPosition(20), "empty");
    assertThat(committed(10)).contains("a");
    assertThat(committed(19)).isEmpty();
    assertThat(committed(20)).contains("empty");
  }

  @Test
  void positionsReadAsPostgresWritesThem() {
    assertThat(new LsnPosition(0x16_B374_D848L)).hasToString("16/B374D848");
    assertThat(LsnPosition.parse("16/B374D848")).isEqualTo(new LsnPosition(0x16_B374_D848L));
  }
}
