package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TestLastResort {
  @Test
  void endsTheProcessWithItsExitCodeWhenTimeIsUp() throws Exception {
    CompletableFuture<Integer> halted = new CompletableFuture<>();

    Thread waiting = new LastResort(Duration.ofMillis(10), halted::complete).begin(3);

    assertThat(halted.get(30, TimeUnit.SECONDS)).isEqualTo(3);
    assertThat(waiting.isDaemon()).isTrue();
  }

  @Test
  void leavesOneAloneThatStillHasTime() throws Exception {
    CompletableFuture<Integer> halted = new CompletableFuture<>();

    Thread waiting = new LastResort(Duration.ofHours(1), halted::complete).begin(3);
    waiting.interrupt();
    waiting.join();

    assertThat(halted).isNotDone();
  }
}
