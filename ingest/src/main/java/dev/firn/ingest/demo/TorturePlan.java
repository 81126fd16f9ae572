package dev.firn.ingest.demo;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What is done to the sink, in order: first it is killed in its initial snapshot, then everything
 * else as the seed has it. Every phase gets its share.
 */
record TorturePlan(List<Attack> attacks) {
  /** Of 25 kills. */
  private static final Map<Phase, Integer> SHARES = new EnumMap<>(Phase.class);

  static {
    SHARES.put(Phase.SNAPSHOT, 4);
    SHARES.put(Phase.BETWEEN_TABLES, 7);
    SHARES.put(Phase.STATE_COMMIT, 3);
    SHARES.put(Phase.CHANGELOG_COMMIT, 3);
    SHARES.put(Phase.DECODE, 2);
    SHARES.put(Phase.FILES, 2);
    SHARES.put(Phase.CONTROL_TABLE, 2);
    SHARES.put(Phase.ACKNOWLEDGEMENT, 2);
  }

  private static final List<Phase> WORTH_A_PAUSE =
      List.of(Phase.BETWEEN_TABLES, Phase.STATE_COMMIT, Phase.CHANGELOG_COMMIT, Phase.FILES);

  private static final int KILLS_PER_PAUSE = 13;

  TorturePlan {
    attacks = List.copyOf(attacks);
  }

  /** A way to end a process. */
  enum Kind {
    /** SIGKILL. */
    KILL,
    /** SIGSTOP; SIGCONT when another one has taken its place. */
    PAUSE,
    /** SIGTERM. */
    TERMINATE;

    /** As JSON has it. */
    @JsonValue
    String key() {
      return Phase.key(this);
    }
  }

  record Attack(Kind kind, Phase phase) {}

  static TorturePlan of(int kills, Random random) {
    List<Attack> first = new ArrayList<>();
    List<Attack> others = new ArrayList<>();
    shares(kills)
        .forEach((phase, share) ->
            (phase == Phase.SNAPSHOT ? first : others)
                .addAll(Collections.nCopies(share, new Attack(Kind.KILL, phase))));
    int more = Math.ceilDiv(kills, KILLS_PER_PAUSE);
    for (int i = 0; i < more; i++) {
      others.add(new Attack(Kind.PAUSE, WORTH_A_PAUSE.get(random.nextInt(WORTH_A_PAUSE.size()))));
      others.add(
          new Attack(Kind.TERMINATE, WORTH_A_PAUSE.get(random.nextInt(WORTH_A_PAUSE.size()))));
    }
    Collections.shuffle(others, random);
    first.addAll(others);
    return new TorturePlan(first);
  }

  /** Each kill goes to the phase that is furthest behind its share (Sainte-Laguë). */
  private static Map<Phase, Integer> shares(int kills) {
    Map<Phase, Integer> given = new EnumMap<>(Phase.class);
    SHARES.keySet().forEach(phase -> given.put(phase, 0));
    for (int i = 0; i < kills; i++) {
      Phase next =
          Collections.max(
              SHARES.keySet(), (a, b) -> Double.compare(claim(a, given), claim(b, given)));
      given.merge(next, 1, Integer::sum);
    }
    return given;
  }

  private static double claim(Phase phase, Map<Phase, Integer> given) {
    return SHARES.getOrDefault(phase, 0) / (2.0 * given.getOrDefault(phase, 0) + 1);
  }
}
