package dev.firn.ingest;

/**
 * What to say when changes of the source cannot be had any more: what happened, and the ways on.
 */
final class SourceLoss {
  private static final String ANEW =
      "run firn resnapshot --all --new-slot --config FILE and start again: all tables are read anew through a new slot and take the place of the old rows at once";
  private static final String OTHER_NAME =
      "start over under a new pipeline name (%spipeline), with new tables"
          .formatted(SinkSettings.PREFIX);

  private SourceLoss() {}

  /** Where a part of the log cannot be taken. */
  static String ways() {
    return "Nothing was skipped; ways on: (1) %s; (2) %s".formatted(ANEW, OTHER_NAME);
  }

  /** One line; nothing of the lake has been changed by what it tells of. */
  static String of(String what) {
    return "%s. %s".formatted(what, ways());
  }

  /**
   * @param first the way that keeps all changes, if it can be gone
   */
  static String of(String what, String first) {
    return "%s. Nothing was skipped; ways on: (1) %s; (2) %s; (3) %s"
        .formatted(what, first, ANEW, OTHER_NAME);
  }
}
