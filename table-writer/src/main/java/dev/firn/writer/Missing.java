package dev.firn.writer;

import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;

/** A table of a pipeline that somebody else has dropped, renamed or made anew, with the ways on. */
final class Missing {
  private Missing() {}

  /** What has become of a table, if it is not the one that it was; empty also if nobody answers. */
  static Optional<PipelineException> of(
      String name, Table was, Catalog catalog, PipelineSettings settings) {
    try {
      Table now = catalog.loadTable(TableIdentifier.parse(name));
      return now.uuid().equals(was.uuid()) ? Optional.empty() : Optional.of(other(name, settings));
    } catch (NoSuchTableException e) {
      return Optional.of(gone(name, settings, e));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  static PipelineException gone(String name, PipelineSettings settings, Throwable cause) {
    return new PipelineException(
        "table %s of pipeline %s is gone: it was dropped or renamed. Give it its name again, or register it with its newest metadata file, or %s"
            .formatted(name, settings.name(), startOver(name, settings)),
        cause);
  }

  static PipelineException other(String name, PipelineSettings settings) {
    return new PipelineException(
        "table %s of pipeline %s was dropped and made again by someone else. Drop it and register the one before with its newest metadata file, or %s"
            .formatted(name, settings.name(), startOver(name, settings)));
  }

  /** The way that is always left. */
  private static String startOver(String name, PipelineSettings settings) {
    String control = settings.controlTable().toString();
    return "drop %s and start again: all tables are then read anew"
        .formatted(
            name.equals(control) ? "it" : "it, if it is there, and control table " + control);
  }
}
