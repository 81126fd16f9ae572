package dev.firn.testing.simulation;

import java.util.ArrayList;
import java.util.List;

/** What happened in a simulation, in order. */
final class EventLog {
  private final List<String> events = new ArrayList<>();

  void add(String format, Object... arguments) {
    events.add(format.formatted(arguments));
  }

  List<String> events() {
    return List.copyOf(events);
  }
}
