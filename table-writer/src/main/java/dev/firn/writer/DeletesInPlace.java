package dev.firn.writer;

import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.BulkDeletionFailureException;
import org.apache.iceberg.io.SupportsBulkOperations;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that are deleted one after the other in the caller's thread, all of them although some
 * fail: else Iceberg lets its pool do it, and every commit waits for that.
 */
public interface DeletesInPlace extends SupportsBulkOperations {
  @Override
  default void deleteFiles(Iterable<String> locations) {
    Logger log = LoggerFactory.getLogger(getClass());
    int failed = 0;
    for (String location : locations) {
      try {
        deleteFile(location);
      } catch (NotFoundException e) {
        log.debug("{} is deleted already", location);
      } catch (RuntimeException e) {
        log.warn("{}", e.toString());
        failed++;
      }
    }
    if (failed > 0) {
      throw new BulkDeletionFailureException(failed);
    }
  }
}
