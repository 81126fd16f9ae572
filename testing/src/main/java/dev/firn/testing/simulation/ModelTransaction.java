package dev.firn.testing.simulation;

import java.time.Instant;
import java.util.List;

/** A transaction of the model source, in the order of its log. */
record ModelTransaction(ModelPosition end, Instant committedAt, List<ModelChange> changes) {
  ModelTransaction {
    changes = List.copyOf(changes);
  }
}
