package dev.firn.writer;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Remembers why commits do not go through, until they do; for many threads. */
final class Troubles {
  private final Map<String, String> byTable = new ConcurrentHashMap<>();

  void failed(String table, RuntimeException failure) {
    byTable.put(table, reason(failure));
  }

  void over(String table) {
    byTable.remove(table);
  }

  /** One table and what hinders it; empty when nothing is known to hinder any. */
  Optional<String> any() {
    return byTable.entrySet().stream()
        .map(e -> "table %s: %s".formatted(e.getKey(), e.getValue()))
        .min(String::compareTo);
  }

  /** The innermost message, on one line. */
  static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage() == null ? root.toString() : root.getMessage();
    return message.lines().findFirst().orElse(message);
  }
}
