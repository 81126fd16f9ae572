package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.firn.compaction.health.Finding;
import dev.firn.compaction.health.TableHealth;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Says how tables stand, for programs: all figures, their units in the names. */
final class TablesJson {
  private TablesJson() {}

  static String of(List<TablesReport.Entry> tables) {
    try {
      return new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(tables.stream().map(TablesJson::values).toList());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report that is no JSON", e);
    }
  }

  private static Map<String, Object> values(TablesReport.Entry table) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("table", table.name());
    table
        .health()
        .answer()
        .ifPresentOrElse(
            health -> put(values, health), () -> values.put("problem", table.health().problem()));
    return values;
  }

  private static void put(Map<String, Object> values, TableHealth health) {
    values.put("at", health.at().toString());
    values.put("healthy", health.isHealthy());
    values.put("findings", health.findings().stream().map(TablesJson::finding).toList());
    values.put("files", files(health.files()));
    values.put("deletes", deletes(health.deletes()));
    values.put("metadata", metadata(health.metadata()));
    values.put("activity", activity(health));
    values.put("cost", cost(health.cost()));
  }

  private static Map<String, Object> finding(Finding finding) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("kind", finding.kind().name().toLowerCase(Locale.ROOT));
    values.put("problem", finding.kind().isProblem());
    values.put("what", finding.what());
    values.put("remedy", finding.remedy());
    return values;
  }

  private static Map<String, Object> files(TableHealth.Files files) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("rows", files.rows());
    values.put("stored_rows", files.storedRows());
    values.put("deleted_row_ratio", files.deletedRowRatio());
    values.put("data_files", files.dataFiles());
    values.put("data_bytes", files.dataBytes());
    values.put("median_file_bytes", files.medianBytes());
    values.put("small_files", files.smallFiles());
    values.put("small_file_ratio", files.smallFileRatio());
    return values;
  }

  private static Map<String, Object> deletes(TableHealth.Deletes deletes) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("deleted_rows", deletes.rows());
    values.put("deletion_vectors", deletes.vectors());
    values.put("deletion_vector_bytes", deletes.vectorBytes());
    values.put("position_delete_files", deletes.positionDeleteFiles());
    values.put("position_delete_bytes", deletes.positionDeleteBytes());
    values.put("equality_delete_files", deletes.equalityDeleteFiles());
    values.put("equality_delete_rows", deletes.equalityDeleteRows());
    values.put("equality_delete_bytes", deletes.equalityDeleteBytes());
    return values;
  }

  private static Map<String, Object> metadata(TableHealth.Metadata metadata) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("format_version", metadata.formatVersion());
    values.put("manifests", metadata.manifests());
    values.put("manifest_bytes", metadata.manifestBytes());
    values.put("snapshots", metadata.snapshots());
    values.put("refs", metadata.refs());
    values.put("metadata_bytes", metadata.metadataBytes());
    return values;
  }

  private static Map<String, Object> activity(TableHealth health) {
    TableHealth.Activity activity = health.activity();
    Map<String, Object> values = new LinkedHashMap<>();
    activity
        .lastCommit()
        .ifPresent(commit -> {
          values.put("last_commit", commit.at().toString());
          values.put("last_commit_age_seconds", age(health, commit.at()));
          values.put("last_commit_snapshot", commit.snapshotId());
          values.put("last_commit_by", commit.by().name().toLowerCase(Locale.ROOT));
          values.put("last_commit_engine", commit.engine());
        });
    activity.sourceTime().ifPresent(at -> values.put("source_time", at.toString()));
    activity.lag().ifPresent(lag -> values.put("lag_seconds", seconds(lag)));
    activity
        .lastCompaction()
        .ifPresent(at -> {
          values.put("last_compaction", at.toString());
          values.put("last_compaction_age_seconds", age(health, at));
        });
    values.put("last_hour_commits", activity.lastHour().commits());
    values.put("last_hour_puts", activity.lastHour().puts());
    values.put("last_hour_gets", activity.lastHour().gets());
    return values;
  }

  private static Map<String, Object> cost(TableHealth.Cost cost) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("full_scan", scan(cost.fullScan()));
    values.put("fresh_copy", scan(cost.freshCopy()));
    values.put("read_cost_ratio", cost.readRatio());
    values.put("requests_price_per_month", cost.requestsPerMonth());
    values.put("storage_price_per_month", cost.storagePerMonth());
    return values;
  }

  private static Map<String, Object> scan(TableHealth.Scan scan) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("data_files", scan.dataFiles());
    values.put("read_bytes", scan.bytes());
    values.put("requests", scan.requests());
    values.put("estimated_seconds", scan.seconds());
    return values;
  }

  private static double age(TableHealth health, Instant then) {
    return seconds(Duration.between(then, health.at()));
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
