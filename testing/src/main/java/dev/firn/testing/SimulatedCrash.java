package dev.firn.testing;

/** The process died here; whoever catches it in production code swallows a crash. */
public final class SimulatedCrash extends Error {
  private static final long serialVersionUID = 1;

  SimulatedCrash(String where) {
    super(where);
  }
}
