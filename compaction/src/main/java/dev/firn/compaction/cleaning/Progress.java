package dev.firn.compaction.cleaning;

/** Hears how far long work is: a line of text every ten seconds at most. */
@FunctionalInterface
public interface Progress {
  void tell(String line);
}
