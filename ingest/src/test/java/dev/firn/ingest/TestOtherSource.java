package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.log.StoredOffsets;
import dev.firn.writer.SourceOffset;
import io.debezium.config.Configuration;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.Tables;
import io.debezium.relational.history.HistoryRecordComparator;
import io.debezium.relational.history.SchemaHistoryListener;
import io.debezium.relational.history.TableChanges;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Types;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The settings of sources that Firn does not ask itself, and what is kept for their connectors. */
class TestOtherSource {
  @TempDir private Path folder;

  private static void requireRefused(SourceKind kind, Map<String, String> with, String... says) {
    Map<String, String> properties =
        new HashMap<>(
            switch (kind) {
              case MONGODB -> TestMongoEvents.SOURCE;
              case ORACLE -> TestOracleEvents.SOURCE;
              case POSTGRES, MARIADB, MYSQL, SQLSERVER -> TestSqlServerEvents.SOURCE;
            });
    properties.putAll(with);
    assertThatThrownBy(() -> new OtherSource(kind, properties, ColumnRules.NONE))
        .isInstanceOf(SettingsException.class)
        .message()
        .contains(says);
  }

  @Test
  void whatIsMissingIsNamed() {
    requireRefused(
        SourceKind.SQLSERVER,
        Map.of("database.hostname", "", "database.names", " "),
        "debezium.source.database.hostname, debezium.source.database.names missing");
    requireRefused(
        SourceKind.ORACLE,
        Map.of("database.dbname", ""),
        "debezium.source.database.dbname missing");
    requireRefused(
        SourceKind.MONGODB,
        Map.of("mongodb.connection.string", ""),
        "debezium.source.mongodb.connection.string missing");
  }

  @Test
  void whatCannotBeExactIsRefused() {
    requireRefused(
        SourceKind.SQLSERVER, Map.of("database.names", "a,b"), "a pipeline for each database");
    requireRefused(
        SourceKind.SQLSERVER, Map.of("snapshot.mode", "no_data"), "snapshot.mode=no_data");
    requireRefused(
        SourceKind.ORACLE,
        Map.of("message.key.columns", "SHOP.T:ID"),
        "own primary key; remove it");
    requireRefused(SourceKind.ORACLE, Map.of("rac.nodes", "a,b"), "one redo thread only");
    requireRefused(
        SourceKind.MONGODB, Map.of("signal.data.collection", "s.t"), "signal.data.collection");
    for (Map.Entry<String, String> lossy :
        Map.of(
                "log.mining.username.exclude.list", "batch",
                "log.mining.transaction.retention.ms", "60000",
                "log.mining.window.max.ms", "1",
                "log.mining.buffer.transaction.events.threshold", "10000",
                "log.mining.strategy", "hybrid")
            .entrySet()) {
      assertThatThrownBy(() ->
              ServerConfig.check(Map.of("debezium.source." + lossy.getKey(), lossy.getValue())))
          .as(lossy.getKey())
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(lossy.getKey());
    }
    requireRefused(
        SourceKind.MONGODB, Map.of("filters.match.mode", "literal"), "regular expressions");
    assertThatThrownBy(() ->
            ServerConfig.check(Map.of("debezium.source.snapshot.isolation.mode", "read_committed")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("snapshot or repeatable_read or exclusive");
  }

  @Test
  void whatNeedsReadingsOfSingleTablesIsRefused() {
    ToldLake lake = new ToldLake(SourceKind.SQLSERVER, folder, TestSqlServerEvents.SOURCE);
    assertThatThrownBy(() -> lake.set("schema.changes", "quarantine").source())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("cannot be read again by itself");
    lake.set("schema.changes", "evolve");
    assertThatThrownBy(() -> lake.set("route.dbo.all", "dbo.*").source())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("shards of this source");
  }

  /** It would be read once, and never followed. */
  @Test
  void capturedTableThatIsNotRecordedIsRefused() {
    ToldLake lake = new ToldLake(SourceKind.SQLSERVER, folder, TestSqlServerEvents.SOURCE);
    lake.setUnrecorded(new SourceTable("dbo", "orders"), new SourceTable("dbo", "old"));
    lake.setSource("table.exclude.list", "dbo\\.old");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("does not record all changes of dbo.orders, which")
        .hasMessageContaining("sys.sp_cdc_enable_table 'dbo', 'orders'");
    Check check = lake.source().checks(KeylessTables.REFUSE).getLast();
    assertThat(check.state()).isEqualTo(Check.State.FAILED);
    assertThat(check.found()).contains("dbo.orders").doesNotContain("dbo.old");
    lake.setSource("table.exclude.list", "dbo\\..*");
    assertThat(lake.source().checks(KeylessTables.REFUSE).getLast().state())
        .isEqualTo(Check.State.OK);
  }

  /** A driver's times are as of the process's zone; in this one an hour is missing in March. */
  @Test
  void timesAreReadInAZoneThatHasAllHours() {
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
      new ToldLake(SourceKind.ORACLE, folder, TestOracleEvents.SOURCE).start().close();
      assertThat(TimeZone.getDefault().hasSameRules(TimeZone.getTimeZone("UTC"))).isTrue();
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SourceKind.class,
      names = {"SQLSERVER", "MONGODB", "ORACLE"})
  void connectorThatIsNotInTheBuildIsNamedWithItsProfile(SourceKind kind) {
    String profile = kind.name().toLowerCase(java.util.Locale.ROOT);
    try {
      kind.requireBuilt();
      assertThat(kind.connector()).startsWith("io.debezium.connector." + profile);
    } catch (SettingsException e) {
      assertThat(e)
          .hasMessageContaining("this Firn was built without it")
          .hasMessageContaining("FIRN_CONNECTORS=%s ./firn version".formatted(profile))
          .hasMessageContaining("mvn -P" + profile);
    }
  }

  @Test
  void filtersAreTheConnectors() {
    Map<String, String> properties = new HashMap<>(TestSqlServerEvents.SOURCE);
    properties.put("table.include.list", "dbo\\.o.*,crm\\.people");
    OtherSource sqlServer = new OtherSource(SourceKind.SQLSERVER, properties, ColumnRules.NONE);
    assertThat(sqlServer.captures(new SourceTable("dbo", "orders"))).isTrue();
    assertThat(sqlServer.captures(new SourceTable("dbo", "items"))).isFalse();
    properties.putAll(TestMongoEvents.SOURCE);
    properties.put("collection.exclude.list", "shop\\.items");
    OtherSource mongo = new OtherSource(SourceKind.MONGODB, properties, ColumnRules.NONE);
    assertThat(mongo.captures(new SourceTable("shop", "items"))).isFalse();
    assertThat(mongo.captures(new SourceTable("shop", "orders"))).isTrue();
  }

  private static LakeSchemaHistory history() {
    LakeSchemaHistory history = new LakeSchemaHistory();
    history.configure(
        Configuration.empty(), HistoryRecordComparator.INSTANCE, SchemaHistoryListener.NOOP, false);
    return history;
  }

  private static void define(LakeSchemaHistory history, Map<String, ?> at, String... columns) {
    TableChanges changes = new TableChanges();
    changes.alter(
        Table.editor()
            .tableId(new TableId("sales", "dbo", "t"))
            .addColumns(
                Arrays.stream(columns)
                    .map(name ->
                        io.debezium.relational.Column.editor()
                            .name(name)
                            .jdbcType(Types.INTEGER)
                            .type("int")
                            .create())
                    .toList())
            .create());
    history.record(
        SqlServerEvents.PARTITION, at, "sales", "dbo", "N/A", changes, Instant.ofEpochSecond(1));
  }

  /** The columns that the connector goes on with from an offset of the lake. */
  private static String recovered(String note, int commit) throws InterruptedException {
    LakeSchemaHistory.use(StatementHistory.read(SourceKind.SQLSERVER, note));
    return recovered(Map.of("commit_lsn", SqlServerEvents.lsn(commit)));
  }

  private static String recovered(Map<String, ?> offset) throws InterruptedException {
    Tables tables = new Tables();
    history().recover(Map.of(SqlServerEvents.PARTITION, offset), tables, null);
    return String.join(
        " ", tables.forTable(new TableId("sales", "dbo", "t")).retrieveColumnNames());
  }

  /** The lake's offset is a commit, without the place within it that Debezium's order goes by. */
  @Test
  void definitionsAreRecoveredAsOfTheLakesCommit() throws Exception {
    StatementHistory kept = new StatementHistory(SourceKind.SQLSERVER);
    LakeSchemaHistory.use(kept);
    LakeSchemaHistory history = history();
    Map<String, Object> snapshot = new HashMap<>();
    snapshot.put("snapshot", "INITIAL");
    snapshot.put("commit_lsn", SqlServerEvents.lsn(1));
    define(history, snapshot, "a");
    for (int time = 0; time < 2; time++) {
      define(history, at(3), "a", "b");
      define(history, at(5), "a");
      define(history, at(7), "a", "c");
    }
    assertThat(kept.all()).hasSize(4);
    String note = kept.takeNote().orElseThrow();
    assertThat(kept.takeNote()).isEmpty();
    assertThat(recovered(note, 1)).isEqualTo("a");
    assertThat(recovered(note, 3)).isEqualTo("a b");
    assertThat(recovered(note, 6)).isEqualTo("a");
    assertThat(recovered(note, 9)).isEqualTo("a c");
  }

  /** One transaction is open all the time: Debezium's own order goes by its begin. */
  @Test
  void oraclesDefinitionsAreRecoveredAsOfTheLakesCommit() throws Exception {
    StatementHistory kept = new StatementHistory(SourceKind.ORACLE);
    LakeSchemaHistory.use(kept);
    LakeSchemaHistory history = history();
    define(history, Map.of("snapshot", "INITIAL", "scn", "100", "snapshot_scn", "100"), "a");
    define(history, Map.of("scn", "101", "commit_scn", "110:1:aa"), "a", "b");
    define(history, Map.of("scn", "101", "commit_scn", "120:1:bb,115:2:cc"), "a");
    String note = kept.takeNote().orElseThrow();
    assertThat(recoveredOfOracle(note, Map.of("scn", "100"))).isEqualTo("a");
    assertThat(recoveredOfOracle(note, Map.of("scn", "101", "commit_scn", "105:1:dd")))
        .isEqualTo("a");
    assertThat(recoveredOfOracle(note, Map.of("scn", "101", "commit_scn", "110:1:aa-ee")))
        .isEqualTo("a b");
    assertThat(recoveredOfOracle(note, Map.of("scn", "101", "commit_scn", "119:1:ff,115:2:cc")))
        .isEqualTo("a b");
    assertThat(recoveredOfOracle(note, Map.of("scn", "101", "commit_scn", "121:1:ff,116:2:gg")))
        .isEqualTo("a");
  }

  private static String recoveredOfOracle(String note, Map<String, ?> offset)
      throws InterruptedException {
    LakeSchemaHistory.use(StatementHistory.read(SourceKind.ORACLE, note));
    return recovered(offset);
  }

  /** An END has the offset of what comes after it: a task that resumed there would skip that. */
  @Test
  void taskThatStartsAgainGetsWhatTheLakeHolds() throws Exception {
    Map<String, SourceOffset> lake = new HashMap<>(Map.of("offset", offset(1)));
    LakeOffsetStore.resumeFromLake(() -> Optional.ofNullable(lake.get("offset")));
    LakeOffsetStore store = new LakeOffsetStore();
    ByteBuffer key = bytes("[\"firn\",{\"server\":\"shop\",\"database\":\"sales\"}]");
    store.set(Map.of(key, bytes("{\"commit_lsn\":\"what comes after\"}")), null).get();
    lake.put("offset", offset(2));
    assertThat(store.get(List.of(key)).get())
        .containsExactly(Map.entry(key, bytes(offset(2).offset())));
    LakeOffsetStore.resumeFrom(Optional.empty());
  }

  private static SourceOffset offset(int commit) {
    return new StoredOffsets(Map.of())
        .with(SqlServerEvents.PARTITION, Map.of("commit_lsn", SqlServerEvents.lsn(commit)))
        .stored();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, ?> at(int commit) {
    return Map.of(
        "commit_lsn", SqlServerEvents.lsn(commit), "change_lsn", SqlServerEvents.lsn(commit));
  }
}
