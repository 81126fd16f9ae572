package dev.firn.ingest;

/** A column of the lake cannot hold a value. */
final class BadValueException extends BadEventException {
  private static final long serialVersionUID = 1L;

  private final String column;
  private final String reason;

  /**
   * @param column at the source
   * @param reason what is wrong with the value, without the value
   * @param ways what else than another value lets the pipeline go on
   */
  BadValueException(SourceTable table, String column, String reason, String ways) {
    super("column %s of table %s holds %s; %s".formatted(column, table, reason, ways));
    this.column = column;
    this.reason = reason;
  }

  String column() {
    return column;
  }

  @Override
  String reason() {
    return "it holds " + reason;
  }
}
