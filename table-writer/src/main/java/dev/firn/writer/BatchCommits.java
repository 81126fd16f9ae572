package dev.firn.writer;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableCommit;
import org.apache.iceberg.rest.RESTCatalog;

/** Begins the commits of batches as a pipeline's settings and its catalog have it. */
final class BatchCommits {
  private BatchCommits() {}

  /**
   * @throws PipelineException all tables of a batch are to be committed as one, and the catalog
   *     cannot do that
   */
  static Supplier<BatchCommit> of(Catalog catalog, PipelineSettings settings) {
    return switch (settings.visibility()) {
      case EACH_TABLE -> () -> BatchCommit.EACH;
      case WHOLE_BATCH -> {
        Consumer<List<TableCommit>> commit = commit(catalog);
        yield () -> new JointCommit(commit);
      }
    };
  }

  private static Consumer<List<TableCommit>> commit(Catalog catalog) {
    if (!(catalog instanceof RESTCatalog rest)) {
      throw new PipelineException(cannot("the catalog is no REST catalog"));
    }
    requireOffered(rest);
    return tables -> {
      try {
        rest.commitTransaction(tables);
      } catch (UnsupportedOperationException e) {
        throw new PipelineException(
            cannot("the catalog's server does not do that (%s)".formatted(e.getMessage())), e);
      }
    };
  }

  /** Iceberg's client looks first whether the server offers it, then whether there is anything. */
  private static void requireOffered(RESTCatalog rest) {
    try {
      rest.commitTransaction(List.of());
    } catch (UnsupportedOperationException e) {
      throw new PipelineException(cannot("the catalog's server does not offer that"), e);
    } catch (IllegalArgumentException e) {
      // It is offered, and there was nothing to commit.
    }
  }

  private static String cannot(String why) {
    return "commit.atomic=true: all tables of a batch are to be committed as one, and %s; set commit.atomic=false, or use a REST catalog that offers POST /v1/{prefix}/transactions/commit"
        .formatted(why);
  }
}
