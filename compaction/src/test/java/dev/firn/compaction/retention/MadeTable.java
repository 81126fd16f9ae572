package dev.firn.compaction.retention;

import dev.firn.writer.Lake;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotParser;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** A table of metadata only, whose snapshots have the times that a test wants. */
final class MadeTable {
  static final TableIdentifier NAME = TableIdentifier.of("shop", "made");
  static final Instant START = Instant.parse("2025-06-01T00:00:00Z");

  TableMetadata metadata;
  private long last;

  private MadeTable(Path folder, Map<String, String> properties) {
    Map<String, String> all = new TreeMap<>(properties);
    all.put("format-version", "2");
    this.metadata =
        TableMetadata.newTableMetadata(
            new Schema(Types.NestedField.required(1, "id", Types.IntegerType.get())),
            PartitionSpec.unpartitioned(),
            folder.resolve("made").toUri().toString(),
            all);
  }

  static MadeTable in(Path folder) {
    return in(folder, Map.of());
  }

  static MadeTable in(Path folder, Map<String, String> properties) {
    return new MadeTable(folder, properties);
  }

  /** A commit to main by somebody; its number is the snapshot's id. */
  long commit(Instant at) {
    return commit(at, Map.of());
  }

  /** A commit of a pipeline. */
  long commit(Instant at, long batch, String position) {
    return commit(
        at,
        Map.of(
            SummaryKeys.PIPELINE,
            "shop",
            SummaryKeys.EPOCH,
            "1",
            SummaryKeys.BATCH,
            Long.toString(batch),
            SummaryKeys.POSITION,
            position));
  }

  long commit(Instant at, Map<String, String> summary) {
    long parent = metadata.currentSnapshot() == null ? -1 : metadata.currentSnapshot().snapshotId();
    Snapshot snapshot = snapshot(++last, parent, at, summary);
    metadata =
        TableMetadata.buildFrom(metadata)
            .setBranchSnapshot(snapshot, SnapshotRef.MAIN_BRANCH)
            .build();
    return last;
  }

  /** Many commits, as fast as they can be made. */
  void commits(int count, Instant from, Duration every) {
    TableMetadata.Builder builder = TableMetadata.buildFrom(metadata);
    for (int i = 0; i < count; i++) {
      long parent = last == 0 ? -1 : last;
      builder.addSnapshot(
          snapshot(++last, parent, from.plus(every.multipliedBy(i)), Map.of("why", "a test")));
    }
    metadata = builder.setBranchSnapshot(last, SnapshotRef.MAIN_BRANCH).build();
  }

  /** A snapshot that belongs to no branch. */
  long stage(Instant at, Map<String, String> summary) {
    metadata =
        TableMetadata.buildFrom(metadata).addSnapshot(snapshot(++last, -1, at, summary)).build();
    return last;
  }

  void tag(String name, long snapshot) {
    ref(name, SnapshotRef.tagBuilder(snapshot).build());
  }

  void branch(String name, long snapshot) {
    ref(name, SnapshotRef.branchBuilder(snapshot).build());
  }

  void ref(String name, SnapshotRef ref) {
    metadata = TableMetadata.buildFrom(metadata).setRef(name, ref).build();
  }

  void property(String key, String value) {
    metadata = TableMetadata.buildFrom(metadata).setProperties(Map.of(key, value)).build();
  }

  private static Snapshot snapshot(long id, long parent, Instant at, Map<String, String> summary) {
    String more =
        summary.entrySet().stream()
            .map(entry -> ", \"%s\": \"%s\"".formatted(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining());
    return SnapshotParser.fromJson(
        """
        {"sequence-number": %d, "snapshot-id": %d, %s "timestamp-ms": %d,
         "summary": {"operation": "append"%s}, "manifest-list": "file:/none/%d", "schema-id": 0}
        """
            .formatted(
                id,
                id,
                parent == -1 ? "" : "\"parent-snapshot-id\": %d,".formatted(parent),
                at.toEpochMilli(),
                more,
                id));
  }

  /** One run on metadata alone. */
  RetentionPlan run(RetentionSettings settings, Instant now) {
    RetentionPlan plan = RetentionPlan.of(metadata, settings, now, BaselineMove.NONE);
    metadata = plan.applyTo(metadata, now);
    return plan;
  }

  SortedSet<Long> ids() {
    return ids(metadata);
  }

  static SortedSet<Long> ids(TableMetadata metadata) {
    return metadata.snapshots().stream()
        .map(Snapshot::snapshotId)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Firn's own tags, and where they point. */
  SortedMap<String, Long> tags() {
    TreeMap<String, Long> tags = new TreeMap<>();
    metadata
        .refs()
        .forEach((name, ref) -> {
          if (Tier.isTag(name)) {
            tags.put(name, ref.snapshotId());
          }
        });
    return tags;
  }

  @Nullable Long at(String ref) {
    SnapshotRef found = metadata.ref(ref);
    return found == null ? null : found.snapshotId();
  }

  /** Puts it into the catalog of a folder. */
  Catalog register(Path folder) throws IOException {
    Catalog catalog = Lake.open("lake", Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(NAME.namespace());
    Path file = folder.resolve("00000-made.metadata.json");
    TableMetadataParser.write(metadata, org.apache.iceberg.Files.localOutput(file.toFile()));
    catalog.registerTable(NAME, file.toUri().toString());
    return catalog;
  }
}
