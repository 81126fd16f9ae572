package dev.firn.compaction.health;

import java.util.List;
import java.util.stream.LongStream;
import org.apache.iceberg.ManifestFile;

/**
 * Estimates what a full scan takes. The model: a request waits {@value #REQUEST_SECONDS} s and
 * brings no more than {@value #REQUEST_BYTES} bytes, at {@value #BYTES_PER_SECOND} a second, one
 * request after the other. A data file takes one more for its footer; a vector is one; an equality
 * delete is read again for each data file that it applies to.
 */
final class ReadCost {
  private static final double REQUEST_SECONDS = 0.02;
  private static final double BYTES_PER_SECOND = 100e6;
  private static final long REQUEST_BYTES = 8L << 20;

  private ReadCost() {}

  static TableHealth.Scan fullScan(FileCount count, TableHealth.Metadata metadata) {
    long[] sizes = count.sizes();
    List<ManifestFile> manifests = count.manifests();
    long requests =
        requests(metadata.metadataBytes())
            + 1
            + manifests.stream().mapToLong(manifest -> requests(manifest.length())).sum()
            + LongStream.of(sizes).map(bytes -> 1 + requests(bytes)).sum()
            + count.deleteReads();
    long bytes =
        metadata.metadataBytes()
            + metadata.manifestBytes()
            + LongStream.of(sizes).sum()
            + count.deleteReadBytes();
    return scan(sizes.length, bytes, requests);
  }

  /** The live rows alone, in files of the target size that one manifest names. */
  static TableHealth.Scan freshCopy(TableHealth.Files files, HealthSettings settings) {
    long bytes = (long) (files.dataBytes() * (1 - files.deletedRowRatio()));
    long fresh = settings.filesOf(bytes);
    long manifests = fresh == 0 ? 0 : 1;
    long requests = 2 + manifests + fresh * (1 + requests(Math.min(bytes, settings.targetBytes())));
    return scan(fresh, bytes, requests);
  }

  private static TableHealth.Scan scan(long dataFiles, long bytes, long requests) {
    double seconds = requests * REQUEST_SECONDS + bytes / BYTES_PER_SECOND;
    return new TableHealth.Scan(dataFiles, bytes, requests, seconds);
  }

  /** By how many requests so many bytes are read. */
  static long requests(long bytes) {
    return Math.max(1, Math.ceilDiv(bytes, REQUEST_BYTES));
  }
}
