package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestSinkSettings {
  private static final long HEAP = 600L << 20;

  @TempDir Path folder;

  private SinkSettings parse(String... keysAndValues) {
    Map<String, String> values = new HashMap<>();
    values.put("dir", folder.toString());
    return parse(values, keysAndValues);
  }

  private static SinkSettings parse(Map<String, String> values, String... keysAndValues) {
    for (int i = 0; i < keysAndValues.length; i += 2) {
      values.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return SinkSettings.parse(values, HEAP);
  }

  @Test
  void embeddedLakeNeedsAFolderOnly() {
    SinkSettings settings = parse();
    assertThat(settings.pipeline().name()).isEqualTo("firn");
    assertThat(settings.pipeline().formatVersion()).isEqualTo(3);
    assertThat(settings.commitInterval()).isEqualTo(Duration.ofMillis(200));
    assertThat(settings.maxCommitAge()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.memoryBytes()).isEqualTo(100L << 20);
    assertThat(settings.catalog()).containsKeys("catalog-impl", "warehouse");
  }

  @Test
  void catalogPropertiesGoToIceberg() {
    SinkSettings settings =
        parse(
            new HashMap<>(),
            "type",
            "rest",
            "uri",
            "http://localhost:1",
            "warehouse",
            "s3://bucket/lake",
            "s3.secret-access-key",
            "hidden",
            "table.write.parquet.compression-level",
            "3",
            "control-namespace",
            "a.b");
    assertThat(settings.catalog())
        .containsEntry("type", "rest")
        .containsEntry("uri", "http://localhost:1")
        .containsEntry("warehouse", "s3://bucket/lake")
        .containsEntry("s3.secret-access-key", "hidden");
    assertThat(settings.pipeline().tableProperties())
        .containsExactly(Map.entry("write.parquet.compression-level", "3"));
    assertThat(settings.pipeline().controlNamespace()).isEqualTo(Namespace.of("a", "b"));
    assertThat(settings.commitInterval()).isEqualTo(Duration.ofSeconds(1));
    assertThat(settings.toString()).doesNotContain("hidden");
  }

  @Test
  void noRequestToTheLakeWaitsWithoutAnEnd() {
    String[] rest = {"type", "rest", "uri", "http://localhost:1"};
    assertThat(parse(new HashMap<>(), rest).catalog())
        .containsEntry("rest.client.connection-timeout-ms", "10000")
        .containsEntry("rest.client.socket-timeout-ms", "120000")
        .containsEntry("s3.client-factory-impl", TimedS3.class.getName())
        .containsEntry("firn.s3.attempt-timeout-ms", "120000");
    assertThat(
            parse(
                    new HashMap<>(Map.of("retry.request-timeout", "30s")),
                    "type",
                    "jdbc",
                    "uri",
                    "jdbc:postgresql://db/lake?connectTimeout=3",
                    "s3.client-factory-impl",
                    "com.example.Own")
                .catalog())
        .containsEntry("jdbc.socketTimeout", "30")
        .containsEntry("s3.client-factory-impl", "com.example.Own")
        .doesNotContainKeys(
            "jdbc.connectTimeout", "rest.client.socket-timeout-ms", "firn.s3.attempt-timeout-ms");
  }

  @Test
  void patienceIsAsLongAsIsSet() {
    assertThat(parse(new HashMap<>(), "dir", "/l").pipeline().patience().within())
        .isEqualTo(Duration.ofMinutes(5));
    assertThat(
            parse(new HashMap<>(), "dir", "/l", "retry.max-duration", "30s")
                .pipeline()
                .patience()
                .within())
        .isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void tablesAreLookedAtOnceAMinuteOrAsOftenAsIsSet() {
    assertThat(parse().tableHealthInterval()).isEqualTo(Duration.ofMinutes(1));
    assertThat(
            parse(new HashMap<>(), "dir", "/l", "table-health.interval", "5s")
                .tableHealthInterval())
        .isEqualTo(Duration.ofSeconds(5));
    assertThatThrownBy(() -> parse(new HashMap<>(), "dir", "/l", "table-health.interval", "10"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("table-health.interval=10: expected a duration");
  }

  @Test
  void unknownKeyNamesTheNearest() {
    assertThatThrownBy(() -> parse("table-namspace", "x"))
        .isInstanceOf(SettingsException.class)
        .hasMessage(
            "unknown key debezium.sink.iceberg.table-namspace=x; the nearest known key is"
                + " debezium.sink.iceberg.table-namespace");
  }

  @Test
  void mistypedKeyOfTheStorageNamesTheNearest() {
    assertThatThrownBy(() -> parse("s3.path-style-acces", "true"))
        .isInstanceOf(SettingsException.class)
        .hasMessage(
            "unknown key debezium.sink.iceberg.s3.path-style-acces=true; the nearest known key is"
                + " debezium.sink.iceberg.s3.path-style-access");
    assertThatThrownBy(() -> parse("client.asume-role.arn", "x"))
        .hasMessageEndingWith("debezium.sink.iceberg.client.assume-role.arn");
    assertThatThrownBy(() -> parse("s3.secret-acess-key", "hidden"))
        .hasMessageEndingWith("debezium.sink.iceberg.s3.secret-access-key")
        .hasMessageNotContaining("hidden");
  }

  @Test
  void hadoopCatalogIsForHdfsAlone() {
    for (String warehouse : List.of("s3://b/w", "file:///w", "/w")) {
      assertThatThrownBy(() -> parse(new HashMap<>(), "type", "hadoop", "warehouse", warehouse))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("warehouse=%s: expected hdfs://".formatted(warehouse));
    }
    assertThat(parse(new HashMap<>(), "type", "hadoop", "warehouse", "hdfs://n/w").catalog())
        .containsEntry("type", "hadoop");
  }

  @Test
  void keysThatTheUserNamesPassOn() {
    assertThat(
            parse(
                    new HashMap<>(Map.of("type", "rest")),
                    "s3.write.tags.team",
                    "lake",
                    "client.assume-role.tags.team",
                    "lake",
                    "client.credentials-provider.own",
                    "1")
                .catalog())
        .containsKeys(
            "s3.write.tags.team",
            "client.assume-role.tags.team",
            "client.credentials-provider.own");
    assertThat(
            parse(
                    new HashMap<>(Map.of("type", "rest", "client.factory", "com.example.Own")),
                    "client.own",
                    "1")
                .catalog())
        .containsKey("client.own");
  }

  @Test
  void tablesAreMaintainedUnlessItIsTurnedOff() {
    MaintenanceConfig usual = parse().maintenance();
    assertThat(usual.isBeside()).isTrue();
    assertThat(usual.retention().recent()).isEqualTo(Duration.ofMinutes(5));
    assertThat(parse("maintenance", "false").maintenance().isBeside()).isFalse();
    MaintenanceConfig set =
        parse("retention.days", "7", "retention.changelog", "365d", "clean.orphan-age", "5d")
            .maintenance();
    assertThat(set.retention().days()).isEqualTo(7);
    assertThat(set.retention().changelog()).contains(Duration.ofDays(365));
    assertThat(set.cleaning().orphanAge()).isEqualTo(Duration.ofDays(5));
  }

  @Test
  void illMaintenanceIsRefused() {
    assertThatThrownBy(() -> parse("retention.days", "many"))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("debezium.sink.iceberg.retention.days=many: expected");
    assertThatThrownBy(() -> parse("clean.orphan-age", "5m"))
        .hasMessageStartingWith("debezium.sink.iceberg.clean.orphan-age=5m: expected")
        .hasMessageContaining("at least 1h");
    assertThatThrownBy(() -> parse("retention.day", "7"))
        .hasMessageEndingWith("the nearest known key is debezium.sink.iceberg.retention.days");
    assertThatThrownBy(() -> parse("maintenance.interval", "10ms"))
        .hasMessageContaining("at least 1s");
  }

  @Test
  void secretsAreNotPrinted() {
    assertThatThrownBy(() -> parse("s3-secret-key", "hidden"))
        .hasMessageContaining("s3-secret-key=***")
        .hasMessageNotContaining("hidden");
  }

  @Test
  void illValuesAreNamed() {
    for (List<String> pair :
        List.of(
            List.of("format-version", "4"),
            List.of("format-version", "two"),
            List.of("commit.interval-min", "soon"),
            List.of("commit.max-age", "0"),
            List.of("commit.max-age", "an hour"),
            List.of("retry.max-duration", "10ms"),
            List.of("retry.request-timeout", "1ms"),
            List.of("memory", "-1"),
            List.of("memory", "1kb"),
            List.of("pipeline", "My Pipe"),
            List.of("destination-regexp", "("),
            List.of("destination-uppercase-table-names", "maybe"),
            List.of("write.format.default", "orc"))) {
      assertThatThrownBy(() -> parse(pair.get(0), pair.get(1)))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("debezium.sink.iceberg." + pair.get(0) + "=" + pair.get(1));
    }
  }

  @Test
  void keysOfTheOtherSinkSayWhatThereIsInstead() {
    for (String key : List.of("upsert", "upsert-keep-deletes", "table-mapper", "partition-by.x")) {
      assertThatThrownBy(() -> parse(key, "true"))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(key + "=true has no meaning in Firn: ");
    }
  }

  @Test
  void folderAndCatalogExcludeEachOther() {
    assertThatThrownBy(() -> parse("type", "rest")).hasMessageContaining("not both");
    assertThatThrownBy(() -> parse(new HashMap<>())).hasMessageContaining("no lake is configured");
  }

  @Test
  void folderThatCannotBeMadeIsNamed() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> parse("dir", file.resolve("lake").toString()))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("dir=" + file);
  }

  @Test
  void tablesKeepTheirNames() {
    assertThat(parse().routing().tableFor("p", new SourceTable("inventory", "orders")))
        .isEqualTo(TableIdentifier.of("inventory", "orders"));
    assertThat(
            parse("table-namespace", "lake", "table-prefix", "cdc_")
                .routing()
                .tableFor("p", new SourceTable("inventory", "orders")))
        .isEqualTo(TableIdentifier.of("lake", "cdc_orders"));
  }

  @Test
  void destinationIsRewrittenAsTheOtherSinkDoes() {
    TableRouting routing =
        parse(
                "destination-regexp", "(\\d{4})_(\\d{2})$",
                "destination-regexp-replace", "$2",
                "destination-uppercase-table-names", "true",
                "table-namespace", "lake")
            .routing();
    assertThat(routing.tableFor("p", new SourceTable("s", "orders_2026_11")))
        .isEqualTo(TableIdentifier.of("lake", "P_S_ORDERS_11"));
  }

  @Test
  void replacementThatNamesNoGroupIsNamed() {
    for (String replacement : List.of("$2", "${year}", "x$")) {
      TableRouting routing =
          parse("destination-regexp", "(\\d+)$", "destination-regexp-replace", replacement)
              .routing();
      assertThatThrownBy(() -> routing.tableFor("p", new SourceTable("s", "orders_2026")))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("destination-regexp-replace=" + replacement)
          .hasMessageContaining("groups of destination-regexp=(\\d+)$");
    }
  }

  @Test
  void nameOfWhichNothingIsLeftIsNamed() {
    TableRouting routing = parse("destination-regexp", ".*").routing();
    assertThatThrownBy(() -> routing.tableFor("p", new SourceTable("s", "orders")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("leaves nothing of the name of source table s.orders");
  }

  @Test
  void shardsGoToOneTableAndOthersDoNotMeetThem() {
    TableRouting routing =
        parse(
                "route.shop.orders", "shop_[0-9]+[.]orders, old[.]orders",
                "table-namespace", "shop")
            .routing();
    SourceTable one = new SourceTable("shop_1", "orders");
    SourceTable old = new SourceTable("old", "orders");
    assertThat(routing.routes("p", List.of(one, old)).values())
        .containsOnly(TableIdentifier.of("shop", "orders"));
    assertThat(routing.shards().shard(one)).contains(new Shard("_shard", "shop_1.orders", true));
    assertThatThrownBy(() -> routing.routes("p", List.of(one, new SourceTable("x", "orders"))))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("name both in debezium.sink.iceberg.route.shop.orders");
    assertThatThrownBy(() -> parse("route.orders", "a.b"))
        .hasMessageContaining("route.orders=a.b: expected route.<namespace>.<table>=");
    assertThatThrownBy(() -> parse("shard-colum", "x"))
        .hasMessageEndingWith("the nearest known key is debezium.sink.iceberg.shard-column");
  }

  @Test
  void twoTablesMayNotGoToOne() {
    TableRouting routing = parse("table-namespace", "lake").routing();
    List<SourceTable> tables = List.of(new SourceTable("a", "t"), new SourceTable("b", "t"));
    assertThatThrownBy(() -> routing.routes("p", tables))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("both go to table lake.t");
  }

  @Test
  void formatsOtherThanConnectAreRefused() {
    assertThatThrownBy(() -> ServerConfig.check(Map.of("debezium.format.value", "json")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("debezium.format.value=json");
    assertThatThrownBy(() ->
            ServerConfig.check(Map.of("debezium.source.provide.transaction.metadata", "false")))
        .isInstanceOf(SettingsException.class);
    assertThatThrownBy(() -> ServerConfig.check(Map.of("debezium.transforms", "unwrap")))
        .hasMessageContaining("transforms are not possible");
  }

  @Test
  void defaultsPassTheChecks() {
    ServerConfig.check(ServerConfig.defaults(HEAP));
  }

  @Test
  void badEventsStopUnlessSaidOtherwise() {
    assertThat(parse().badEvents()).isEqualTo(BadEvents.STOP);
    assertThat(parse().mayQuarantine()).isFalse();
    assertThat(parse("bad-events", "quarantine").mayQuarantine()).isTrue();
    assertThat(parse("schema.changes", "quarantine").mayQuarantine()).isTrue();
    assertThat(parse("keyless.tables", "append-only").keylessTables())
        .isEqualTo(KeylessTables.APPEND_ONLY);
    assertThatThrownBy(() -> parse("keyless.tables", "keep"))
        .hasMessageContainingAll("keyless.tables=keep", "refuse or append-only");
    assertThatThrownBy(() -> parse("bad-events", "ignore"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContainingAll("bad-events=ignore", "stop or quarantine");
  }

  @Test
  void schemaChangesAreFollowedUnlessSaidOtherwise() {
    assertThat(parse().schemaChanges()).isEqualTo(SchemaChanges.EVOLVE);
    assertThat(parse("schema.changes", "new-column").schemaChanges())
        .isEqualTo(SchemaChanges.NEW_COLUMN);
    assertThatThrownBy(() -> parse("schema.changes", "ignore"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContainingAll(
            "schema.changes", "ignore", "evolve, new-column, quarantine, stop");
  }

  private static final SourceTable ORDERS = new SourceTable("shop", "orders");

  @Test
  void tablesAreLaidOutAsTheirNamesSay() {
    TableLayouts layouts =
        parse(
                "tables.shop.*.partition-by", "day(at)",
                "tables.shop.orders.partition-by", "bucket(16, customer), region",
                "tables.*.sort-by", "id desc",
                "tables.shop.orders.property.write.parquet.compression-level", "9",
                "tables.other.orders.sort-by", "unsorted")
            .layouts();
    assertThat(layouts.of(ORDERS))
        .hasToString(
            "partitioned by [bucket(16, customer), region], sorted by [id desc nulls last],"
                + " properties [write.parquet.compression-level]");
    assertThat(layouts.of(new SourceTable("shop", "lines")))
        .hasToString("partitioned by [day(at)], sorted by [id desc nulls last]");
    assertThat(layouts.of(new SourceTable("other", "orders"))).hasToString("sorted by []");
  }

  @Test
  void illLayoutsAreNamed() {
    for (List<String> pair :
        List.of(
            List.of("tables.shop.orders.partition-by", "days(at)"),
            List.of("tables.shop.orders.sort-by", "id,,"),
            List.of("tables.shop.orders.partitions", "id"),
            List.of("tables.shop.orders.property.firn.position", "1"),
            List.of("tables.shop.orders.property.format-version", "2"),
            List.of("tables.shop.orders.property.write.format.default", "orc"))) {
      assertThatThrownBy(() -> parse(pair.get(0), pair.get(1)))
          .isInstanceOf(SettingsException.class)
          .hasMessageStartingWith(
              "debezium.sink.iceberg." + pair.get(0) + "=" + pair.get(1) + ": ");
    }
  }

  @Test
  void layoutsThatContradictEachOtherAreRefused() {
    TableLayouts layouts =
        parse("tables.shop.*.sort-by", "id", "tables.*.orders.sort-by", "at").layouts();
    assertThatThrownBy(() -> layouts.of(ORDERS))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("say it with the table's whole name");
    assertThat(layouts.of(new SourceTable("shop", "lines")))
        .hasToString("sorted by [id asc nulls first]");
  }

  @Test
  void layoutOfATableThatIsNotCapturedNamesTheNearest() {
    TableLayouts layouts =
        parse("tables.shop.order.sort-by", "id", "tables.log.*.sort-by", "at").layouts();
    assertThatThrownBy(() -> layouts.requireTables(List.of(ORDERS)))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("tables.shop.order.sort-by=id: ")
        .hasMessageEndingWith("the nearest is shop.orders");
    parse("tables.log.*.sort-by", "at").layouts().requireTables(List.of(ORDERS));
  }

  @Test
  void layoutIsHeldAgainstTheColumns() {
    Schema columns =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.optional(2, "at", Types.TimestampType.withZone()));
    Schema lake =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.optional(2, "gone", Types.DateType.get()));
    TableLayouts layouts = parse("tables.shop.*.partition-by", "day(id)").layouts();
    assertThatThrownBy(() -> layouts.requireFits(ORDERS, columns, Optional.empty()))
        .isInstanceOf(SettingsException.class)
        .hasMessage(
            "debezium.sink.iceberg.tables.shop.*.partition-by=day(id): for table shop.orders: day does not go with column id, which is int; such a column goes with identity, bucket, truncate");
    TableLayouts gone = parse("tables.shop.*.partition-by", "day(gone)").layouts();
    gone.requireFits(ORDERS, columns, Optional.of(lake));
    assertThatThrownBy(() -> gone.requireFits(ORDERS, columns, Optional.empty()))
        .hasMessageContaining("there is no column gone; there are id, at");
  }

  @Test
  void variantsAreNotShredded() {
    for (String key :
        List.of(
            "table.write.parquet.shred-variants",
            "tables.s.t.property.write.parquet.shred-variants")) {
      assertThatThrownBy(() -> parse(Map.of("dir", "x", key, "true")))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(key + "=true")
          .hasMessageContaining("one scale");
    }
  }
}
