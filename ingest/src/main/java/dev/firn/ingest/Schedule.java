package dev.firn.ingest;

import static com.cronutils.model.CronType.UNIX;

import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Optional;

/** Times by a line of cron, in the time zone of the machine. */
final class Schedule {
  static final ZoneId ZONE = ZoneId.systemDefault();

  private final ExecutionTime times;

  private Schedule(ExecutionTime times) {
    this.times = times;
  }

  /**
   * Parses the five fields of cron.
   *
   * @throws CommandException it is none
   */
  static Schedule parse(String text) {
    try {
      return new Schedule(
          ExecutionTime.forCron(
              new CronParser(CronDefinitionBuilder.instanceDefinitionFor(UNIX)).parse(text)));
    } catch (IllegalArgumentException e) {
      throw new CommandException(
          CommandException.USAGE,
          "--schedule '%s': expected minute, hour, day of month, month and day of week as in cron, such as '*/15 * * * *' (%s)"
              .formatted(text, e.getMessage()),
          e);
    }
  }

  /** The next time; empty: there is none. */
  Optional<ZonedDateTime> after(ZonedDateTime now) {
    return times.nextExecution(now);
  }
}
