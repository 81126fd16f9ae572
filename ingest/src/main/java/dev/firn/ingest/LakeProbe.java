package dev.firn.ingest;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import software.amazon.awssdk.http.HttpStatusCode;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Finds out early, and in plain words, that a lake cannot be used as it is configured. */
final class LakeProbe {
  private static final String RETRIES = "s3.retry.num-retries";
  private static final String CONNECTIONS = "http-client.apache.max-connections";
  private static final String ACCESS_DENIED = "AccessDenied";

  private static final Set<String> REST =
      Set.of(CatalogUtil.ICEBERG_CATALOG_TYPE_REST, CatalogUtil.ICEBERG_CATALOG_REST);

  private LakeProbe() {}

  /** The catalog's properties, with which S3 says sooner that it is not there. */
  static Map<String, String> impatient(Map<String, String> catalog) {
    Map<String, String> impatient = new HashMap<>(catalog);
    impatient.putIfAbsent(RETRIES, "1");
    return impatient;
  }

  /**
   * Asks an S3 storage for a file that is not there: Iceberg asks many times for one that should
   * be, before it says what is wrong. Not behind a REST catalog, which may name the storage's
   * region and keys itself.
   *
   * @throws RuntimeException the storage's refusal
   */
  static void askStorage(Map<String, String> catalog) {
    String warehouse = catalog.getOrDefault("warehouse", "");
    if (!warehouse.startsWith("s3://") || REST.contains(type(catalog))) {
      return;
    }
    Map<String, String> alone = impatient(catalog);
    // Else it shares the connections of this process, and the storage may have closed them since.
    alone.put(CONNECTIONS, "1");
    try (FileIO io = Lake.fileIo(alone);
        InputStream file =
            io.newInputFile("%s/firn-%s".formatted(warehouse, UUID.randomUUID())).newStream()) {
      // Not before something is read is anybody asked.
      int unused = file.read();
    } catch (NotFoundException e) {
      return;
    } catch (S3Exception e) {
      if (!isForNow(e) && !isDenied(e)) {
        throw e;
      }
    } catch (IOException e) {
      return;
    }
  }

  private static String type(Map<String, String> catalog) {
    return catalog.getOrDefault("type", catalog.getOrDefault("catalog-impl", ""));
  }

  /** Who needs the lake asks again, and longer. */
  private static boolean isForNow(S3Exception failure) {
    return failure.statusCode() >= HttpStatusCode.INTERNAL_SERVER_ERROR;
  }

  /** A user that may not list is not told that a file is missing. */
  private static boolean isDenied(S3Exception failure) {
    return failure.awsErrorDetails() != null
        && ACCESS_DENIED.equals(failure.awsErrorDetails().errorCode());
  }

  /**
   * Opens a lake, after a first question to a storage that is not behind a REST catalog: one that
   * is not there, or not as it is configured, says so soon.
   *
   * @throws SettingsException with the way out, where it is known what is wrong
   */
  static Catalog open(SinkSettings settings) {
    return explaining(
        settings.catalog(),
        () -> {
          askStorage(settings.catalog());
          return Lake.open(settings.catalogName(), settings.catalog());
        });
  }

  /**
   * Runs what needs the lake.
   *
   * @throws SettingsException with the way out, where it is known what is wrong
   */
  static <R> R explaining(Map<String, String> catalog, Supplier<R> work) {
    try {
      return work.get();
    } catch (RuntimeException e) {
      if (Outcome.of(e).isExpected()) {
        throw e;
      }
      throw LakeFailure.of(e, catalog)
          .<RuntimeException>map(failure -> failure.exception(e))
          .orElse(e);
    }
  }
}
