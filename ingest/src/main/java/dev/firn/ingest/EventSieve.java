package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.SetAside;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.connect.data.Struct;

/**
 * Lets what is made of a table's events through, and sets aside what the table cannot take, where
 * that is wanted. For one thread.
 */
final class EventSieve {
  /**
   * What has become of an event.
   *
   * @param taken what its table takes of it; empty: nothing
   * @param aside what goes to the quarantine
   */
  record Sieved<T>(Optional<T> taken, List<SetAside> aside) {
    Sieved {
      requireNonNull(taken, "taken is null");
      aside = List.copyOf(aside);
    }
  }

  private final CapturedTable captured;
  private final BadEvents policy;
  private final EventText text;

  /** Of the event that is being decoded. */
  private final List<BadValueException> values = new ArrayList<>();

  EventSieve(CapturedTable captured, BadEvents policy, ColumnType.Placeholder placeholder) {
    this.captured = requireNonNull(captured, "captured is null");
    this.policy = requireNonNull(policy, "policy is null");
    this.text = new EventText(captured, placeholder);
  }

  /** One for another thread. */
  EventSieve another() {
    return of(captured);
  }

  /** One for another table of the source. */
  EventSieve of(CapturedTable other) {
    return new EventSieve(other, policy, text.placeholder());
  }

  /**
   * Decides on a value that its column cannot hold: it is null there if this returns.
   *
   * @throws BadValueException it stops the pipeline
   */
  void found(BadValueException value) {
    if (policy == BadEvents.STOP) {
      throw value;
    }
    boolean isNew = values.stream().noneMatch(other -> other.column().equals(value.column()));
    if (isNew) {
      values.add(value);
    }
  }

  /**
   * Decodes an event.
   *
   * @param op what it did, by Debezium's letter
   * @throws BadEventException it stops the pipeline
   */
  <T> Sieved<T> sieve(String op, Struct event, Supplier<T> decode) {
    values.clear();
    try {
      T taken = decode.get();
      return new Sieved<>(
          Optional.of(taken), values.isEmpty() ? List.of() : asideOfValues(op, event));
    } catch (BadEventException e) {
      if (policy == BadEvents.STOP) {
        throw e;
      }
      return new Sieved<>(Optional.empty(), List.of(aside(op, event, e.reason())));
    }
  }

  /** A whole event that is set aside. */
  SetAside aside(String op, Struct event, String reason) {
    return aside(op, Optional.empty(), reason, text.of(op, event));
  }

  private List<SetAside> asideOfValues(String op, Struct event) {
    String json = text.of(op, event);
    return values.stream()
        .map(value -> aside(op, Optional.of(value.column()), value.reason(), json))
        .toList();
  }

  private SetAside aside(String op, Optional<String> column, String reason, String json) {
    return new SetAside(op, captured.source().toString(), column, reason, json);
  }
}
