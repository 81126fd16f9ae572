package dev.firn.writer;

/** What a pipeline can be at; some of these go on at the same time. */
public enum Step {
  /** It takes the pipeline over, opens its tables and builds their key indexes. */
  START,
  /** The initial snapshot is being read, or published. */
  SNAPSHOT,
  /** Events become changes of rows. */
  DECODE,
  /** Keys are looked up and data files are written that are part of no table yet. */
  FILES,
  /** Tables get a batch's rows. */
  STATE_COMMIT,
  /** Changelogs get the changes of the batches that are committed. */
  CHANGELOG_COMMIT,
  /** The control table gets the source's offset. */
  CONTROL_TABLE,
  /** The source is told what it need not send again. */
  ACKNOWLEDGEMENT
}
