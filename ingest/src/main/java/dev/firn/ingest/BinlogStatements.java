package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import io.debezium.relational.TableId;
import io.debezium.relational.Tables;
import io.debezium.relational.ddl.DdlChanges;
import io.debezium.text.MultipleParsingExceptions;
import io.debezium.text.ParsingException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads statements that define tables as Debezium does; one that it does not understand matters
 * only if it is about a captured table.
 */
final class BinlogStatements {
  private static final Logger LOG = LoggerFactory.getLogger(BinlogStatements.class);

  private static final String NAME = "`(?:[^`]|``)+`|[^\\s`.,;()]+";

  /** Statements about a table that they define: what follows its name are columns and options. */
  private static final Pattern DEFINITION =
      Pattern.compile("\\s*CREATE\\b.*?\\bTABLE\\b.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern DEFINED = named("TABLE(?:\\s+IF\\s+NOT\\s+EXISTS)?");

  /** Where another statement names a table that it is about. */
  private static final Pattern NAMED =
      named("(?:TABLES?(?:\\s+IF\\s+EXISTS)?|TO|ON|WITH\\s+TABLE|,)");

  private static final Pattern PART = Pattern.compile(NAME);

  private BinlogStatements() {}

  private static Pattern named(String before) {
    return Pattern.compile(
        "(?:\\b|(?=,))%2$s\\s+((?:(?:%1$s)\\s*\\.\\s*)?(?:%1$s))".formatted(NAME, before),
        Pattern.CASE_INSENSITIVE);
  }

  /**
   * Applies a statement.
   *
   * @param database the one in use
   * @param captured whether a table is
   * @param parser applies a statement as Debezium does
   * @throws PipelineException it is about a captured table, and not understood
   */
  static DdlChanges apply(
      String statement,
      String database,
      Tables.TableFilter captured,
      Function<String, DdlChanges> parser) {
    try {
      return applyAnyDefaults(statement, parser);
    } catch (ParsingException | MultipleParsingExceptions e) {
      List<TableId> about = tables(statement, database);
      for (TableId table : about) {
        if (captured.isIncluded(table)) {
          throw new PipelineException(
              "a statement that defines table %s.%s is not understood (a type or a clause that Debezium's parser does not know); leave the table out with debezium.source.table.exclude.list=%1$s.%2$s, or do without it"
                  .formatted(table.catalog(), table.table()),
              e);
        }
      }
      LOG.warn("a statement about {} is not understood; no captured table is among them", about);
      return new DdlChanges();
    }
  }

  /** Defaults that are not understood do not matter. */
  private static DdlChanges applyAnyDefaults(
      String statement, Function<String, DdlChanges> parser) {
    try {
      return parser.apply(statement);
    } catch (ParsingException e) {
      String other = BinlogDefaults.replaced(statement);
      if (other.equals(statement)) {
        throw e;
      }
      return parser.apply(other);
    }
  }

  /** The tables that a statement may be about. */
  static List<TableId> tables(String statement, String database) {
    List<TableId> tables = new ArrayList<>();
    boolean isDefinition = DEFINITION.matcher(statement).matches();
    Matcher found = (isDefinition ? DEFINED : NAMED).matcher(statement);
    while (found.find() && (tables.isEmpty() || !isDefinition)) {
      List<String> parts =
          PART.matcher(found.group(1)).results().map(part -> plain(part.group())).toList();
      tables.add(
          parts.size() == 1
              ? new TableId(database, null, parts.getFirst())
              : new TableId(parts.getFirst(), null, parts.getLast()));
    }
    return tables;
  }

  private static String plain(String name) {
    return name.startsWith("`") ? name.substring(1, name.length() - 1).replace("``", "`") : name;
  }
}
