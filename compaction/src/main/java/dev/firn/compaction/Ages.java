package dev.firn.compaction;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.jspecify.annotations.Nullable;

/** How old the files of a table are at least, by the snapshots that are still there. */
final class Ages {
  private final TreeMap<Long, Long> millisBySequence = new TreeMap<>();
  private final Instant now;

  Ages(Table table, Instant now) {
    this.now = now;
    for (Snapshot snapshot : table.snapshots()) {
      millisBySequence.put(snapshot.sequenceNumber(), snapshot.timestampMillis());
    }
  }

  /** Since the file was made, or since the next snapshot that is not expired; never below 0. */
  Duration of(ContentFile<?> file) {
    @Nullable Long sequence = file.fileSequenceNumber();
    Map.@Nullable Entry<Long, Long> made =
        millisBySequence.ceilingEntry(sequence == null ? 0 : sequence);
    Duration age =
        made == null ? Duration.ZERO : Duration.between(Instant.ofEpochMilli(made.getValue()), now);
    return age.isNegative() ? Duration.ZERO : age;
  }
}
