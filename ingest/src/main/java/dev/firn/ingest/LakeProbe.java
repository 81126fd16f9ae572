package dev.firn.ingest;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Finds out early, and in plain words, that a lake cannot be used as it is configured. */
final class LakeProbe {
  private static final String RETRIES = "s3.retry.num-retries";
  private static final String ACCESS_DENIED = "AccessDenied";

  private LakeProbe() {}

  /** The catalog's properties, with which S3 says sooner that it is not there. */
  static Map<String, String> impatient(Map<String, String> catalog) {
    Map<String, String> impatient = new HashMap<>(catalog);
    impatient.putIfAbsent(RETRIES, "1");
    return impatient;
  }

  /**
   * Asks an S3 storage for a file that is not there: Iceberg asks many times for one that should
   * be, before it says what is wrong.
   *
   * @throws RuntimeException the storage's refusal
   */
  static void askStorage(Map<String, String> catalog) {
    String warehouse = catalog.getOrDefault("warehouse", "");
    if (!warehouse.startsWith("s3://")) {
      return;
    }
    try (FileIO io = Lake.fileIo(impatient(catalog));
        InputStream unused =
            io.newInputFile("%s/firn-%s".formatted(warehouse, UUID.randomUUID())).newStream()) {
      return;
    } catch (NotFoundException e) {
      return;
    } catch (S3Exception e) {
      // A user that may not list is not told that a file is missing.
      if (e.awsErrorDetails() == null || !ACCESS_DENIED.equals(e.awsErrorDetails().errorCode())) {
        throw e;
      }
    } catch (IOException e) {
      return;
    }
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
