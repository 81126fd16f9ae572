package dev.firn.writer;

import dev.firn.writer.PipelineSettings.Visibility;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableCommit;
import org.apache.iceberg.rest.RESTCatalog;

/** Begins the commits of batches as a pipeline's settings and its catalog have it. */
public final class BatchCommits {
  /** What to do where a catalog cannot make a whole batch visible at once. */
  public static final String WAY_OUT =
      "set commit.atomic=false, or use a REST catalog that offers POST /v1/{prefix}/transactions/commit";

  private BatchCommits() {}

  /** Why a catalog cannot make batches visible so; empty: it can, for all that it says. */
  public static Optional<String> hindrance(Catalog catalog, Visibility visibility) {
    return switch (visibility) {
      case EACH_TABLE -> Optional.empty();
      case WHOLE_BATCH ->
          catalog instanceof RESTCatalog rest
              ? offers(rest) ? Optional.empty() : Optional.of("its server does not offer that")
              : Optional.of("it is no REST catalog");
    };
  }

  /**
   * @throws PipelineException all tables of a batch are to be committed as one, and the catalog
   *     cannot do that
   */
  static Supplier<BatchCommit> of(Catalog catalog, Visibility visibility) {
    hindrance(catalog, visibility)
        .ifPresent(why -> {
          throw new PipelineException(refusal(why));
        });
    return switch (visibility) {
      case EACH_TABLE -> () -> BatchCommit.EACH;
      case WHOLE_BATCH -> () -> new JointCommit(tables -> commit((RESTCatalog) catalog, tables));
    };
  }

  private static void commit(RESTCatalog catalog, List<TableCommit> tables) {
    try {
      catalog.commitTransaction(tables);
    } catch (UnsupportedOperationException e) {
      throw new PipelineException(refusal(String.valueOf(e.getMessage())), e);
    }
  }

  /** Iceberg's client looks first whether the server offers it, then whether there is anything. */
  private static boolean offers(RESTCatalog catalog) {
    try {
      catalog.commitTransaction(List.of());
      return true;
    } catch (UnsupportedOperationException e) {
      return false;
    } catch (IllegalArgumentException e) {
      // There was nothing to commit.
      return true;
    }
  }

  /** All that is to be said. */
  public static String refusal(String hindrance) {
    return "commit.atomic=true: the catalog cannot commit several tables as one (%s); %s"
        .formatted(hindrance, WAY_OUT);
  }
}
