package dev.firn.testing.simulation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happened in a simulation, in order. */
final class EventLog {
  private final List<String> events = new ArrayList<>();

  @SuppressWarnings("AnnotateFormatMethod")
  void add(String format, @Nullable Object... arguments) {
    events.add(format.formatted(arguments));
  }

  List<String> events() {
    return List.copyOf(events);
  }
}
