package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.maintenance.Part;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestDueParts {
  private static final Instant START = Instant.parse("2026-03-03T00:00:00Z");

  private final DueParts due = new DueParts(Duration.ofSeconds(10), Duration.ofHours(1), START);

  @Test
  void orphansAreNotSoughtAtOnce() {
    assertThat(due.take(START)).containsExactly(Part.REWRITE, Part.RETENTION, Part.SWEEP);
    assertThat(due.take(START)).isEmpty();
  }

  @Test
  void eachPartHasItsPeriod() {
    var unused = due.take(START);
    assertThat(due.take(START.plusSeconds(10))).containsExactly(Part.REWRITE);
    assertThat(due.take(START.plusSeconds(60))).containsExactly(Part.REWRITE, Part.RETENTION);
    assertThat(due.take(START.plusSeconds(600)))
        .containsExactly(Part.REWRITE, Part.RETENTION, Part.SWEEP, Part.ORPHANS);
    assertThat(due.take(START.plusSeconds(1800))).doesNotContain(Part.ORPHANS);
    assertThat(due.take(START.plus(Duration.ofDays(2)))).contains(Part.ORPHANS);
  }

  @Test
  void whatFailsIsTriedAgainAfterGrowingPauses() {
    Instant now = START;
    for (int pause : List.of(10, 20, 40, 80)) {
      assertThat(due.take(now)).contains(Part.REWRITE);
      due.done(false, now);
      assertThat(due.take(now.plusSeconds(pause - 1))).isEmpty();
      now = now.plusSeconds(pause);
    }
    assertThat(due.take(now)).contains(Part.REWRITE);
    due.done(true, now);
    assertThat(due.take(now.plusSeconds(10))).contains(Part.REWRITE);
  }

  @Test
  void aShortGraceIsSweptSoon() {
    DueParts soon = new DueParts(Duration.ofSeconds(1), Duration.ofMinutes(2), START);
    var unused = soon.take(START);
    assertThat(soon.take(START.plusSeconds(29))).doesNotContain(Part.SWEEP);
    assertThat(soon.take(START.plusSeconds(30))).contains(Part.SWEEP);
  }
}
