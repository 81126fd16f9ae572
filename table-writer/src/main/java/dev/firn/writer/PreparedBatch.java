package dev.firn.writer;

/** A batch whose data files are written (but for rows that wait for the batch before it). */
public final class PreparedBatch {
  PreparedBatch() {}
}
