package dev.firn.ingest.demo;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.firn.ingest.StepsFile;
import dev.firn.writer.Step;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.text.CaseUtils;

/** Where in its work a sink is hit. */
enum Phase {
  START,
  SNAPSHOT,
  DECODE,
  FILES,
  STATE_COMMIT,
  BETWEEN_TABLES,
  CHANGELOG_COMMIT,
  CONTROL_TABLE,
  ACKNOWLEDGEMENT,
  IDLE;

  /** Several steps may go on at the same time: the rarer one names it. */
  private static final List<Phase> RAREST_FIRST =
      List.of(
          START,
          SNAPSHOT,
          BETWEEN_TABLES,
          ACKNOWLEDGEMENT,
          CONTROL_TABLE,
          CHANGELOG_COMMIT,
          STATE_COMMIT,
          FILES,
          DECODE,
          IDLE);

  /** Whether a process of which this is seen is in this phase. */
  boolean isIn(StepsFile.Seen seen) {
    Set<Step> steps = seen.steps();
    boolean starting = seen.pid() == 0 || steps.contains(Step.START);
    boolean reading = steps.contains(Step.SNAPSHOT);
    return switch (this) {
      case START -> starting;
      case SNAPSHOT -> !starting && reading;
      case IDLE -> !starting && steps.isEmpty();
      case DECODE -> isIn(seen, Step.DECODE);
      case FILES -> isIn(seen, Step.FILES);
      case STATE_COMMIT -> isIn(seen, Step.STATE_COMMIT) && !seen.isBetweenTables();
      case BETWEEN_TABLES -> isIn(seen, Step.STATE_COMMIT) && seen.isBetweenTables();
      case CHANGELOG_COMMIT -> isIn(seen, Step.CHANGELOG_COMMIT);
      case CONTROL_TABLE -> isIn(seen, Step.CONTROL_TABLE);
      case ACKNOWLEDGEMENT -> isIn(seen, Step.ACKNOWLEDGEMENT);
    };
  }

  private static boolean isIn(StepsFile.Seen seen, Step step) {
    return seen.pid() != 0
        && seen.steps().contains(step)
        && !seen.steps().contains(Step.START)
        && !seen.steps().contains(Step.SNAPSHOT);
  }

  /** The step of a phase that is over too soon to be caught in its midst. */
  Optional<Step> shortStep() {
    return switch (this) {
      case DECODE -> Optional.of(Step.DECODE);
      case FILES -> Optional.of(Step.FILES);
      case CONTROL_TABLE -> Optional.of(Step.CONTROL_TABLE);
      case ACKNOWLEDGEMENT -> Optional.of(Step.ACKNOWLEDGEMENT);
      case START, SNAPSHOT, STATE_COMMIT, BETWEEN_TABLES, CHANGELOG_COMMIT, IDLE ->
          Optional.empty();
    };
  }

  /** The phase of a process; the one that it was hit for, if it is in that as well. */
  static Phase of(StepsFile.Seen seen, Phase aimed) {
    return aimed.isIn(seen)
        ? aimed
        : RAREST_FIRST.stream().filter(phase -> phase.isIn(seen)).findFirst().orElse(IDLE);
  }

  /** As people read it. */
  String text() {
    return text(this);
  }

  /** As JSON has it. */
  @JsonValue
  String key() {
    return key(this);
  }

  static String text(Enum<?> name) {
    return name.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  static String key(Enum<?> name) {
    return CaseUtils.toCamelCase(name.name(), false, '_');
  }
}
