package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.Lake;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TestCompactCommand {
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");

  /** A process has one configuration. */
  @TempDir private static Path folder;

  private record Run(int exit, String out, String err) {}

  /** And a configuration by which only the newest stays, and files go at once. */
  @BeforeAll
  static void tableOfThreeSnapshots() throws IOException {
    Path lake = Files.createDirectory(folder.resolve("lake"));
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(lake));
    ((SupportsNamespaces) catalog).createNamespace(ORDERS.namespace());
    Table table =
        catalog.createTable(
            ORDERS,
            new Schema(Types.NestedField.required(1, "id", Types.LongType.get())),
            PartitionSpec.unpartitioned(),
            Map.of(SummaryKeys.PIPELINE, "shop", SummaryKeys.EPOCH, "1"));
    for (int i = 0; i < 3; i++) {
      table.newFastAppend().set(SummaryKeys.PIPELINE, "shop").set(SummaryKeys.EPOCH, "1").commit();
    }
    Files.writeString(
        folder.resolve("shop.properties"),
        """
        debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector
        debezium.source.database.hostname=nowhere
        debezium.source.database.user=firn
        debezium.source.database.password=none
        debezium.source.database.dbname=shop
        debezium.sink.type=iceberg
        debezium.sink.iceberg.dir=%s
        debezium.sink.iceberg.retention.recent=0
        debezium.sink.iceberg.retention.recent-snapshots=1
        debezium.sink.iceberg.clean.grace=0
        """
            .formatted(lake));
  }

  private static long snapshots() {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder.resolve("lake")));
    return StreamSupport.stream(catalog.loadTable(ORDERS).snapshots().spliterator(), false).count();
  }

  private static Run compact(String... more) {
    return run("--config", folder.resolve("shop.properties"), more);
  }

  private static Run run(String option, Path place, String... more) {
    List<String> args = new ArrayList<>(List.of("compact", option, place.toString()));
    args.addAll(List.of(more));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine firn = Firn.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = firn.execute(args.toArray(String[]::new));
    return new Run(exit, out.toString(), err.toString());
  }

  @Test
  void aDryRunSaysWhatTheRealOneDoes() throws IOException {
    Run trial = compact("--dry-run");
    assertThat(trial.exit()).isZero();
    assertThat(trial.out()).contains("shop.orders", "would expire 2 of 3 snapshots");
    assertThat(snapshots()).isEqualTo(3);

    Path json = folder.resolve("result.json");
    Run run = compact("--once", "--json", json.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains("2 snapshots expired", "1 table ");
    assertThat(snapshots()).isEqualTo(1);
    JsonNode row = new ObjectMapper().readTree(json.toFile()).get(0);
    assertThat(row.get("table").asText()).isEqualTo("shop.orders");
    assertThat(row.get("snapshotsExpired").asLong()).isEqualTo(2);
    assertThat(row.get("unreachableFilesRemoved").asLong()).isPositive();
    assertThat(row.get("failure").asText()).isEmpty();
  }

  @Test
  void whereFirnKeepsNothingItSaysHowToNameTheTablesOfOthers() throws IOException {
    Path lake = Files.createDirectory(folder.resolve("other"));
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(lake));
    ((SupportsNamespaces) catalog).createNamespace(ORDERS.namespace());
    catalog.createTable(
        ORDERS, new Schema(Types.NestedField.required(1, "id", Types.LongType.get())));

    Run run = run("--dir", lake);
    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("Firn keeps no table here", "firn compact NAMESPACE.TABLE");
    Run named = run("--dir", lake, "shop.orders");
    assertThat(named.exit()).isZero();
    assertThat(named.out()).contains("shop.orders", "1 table ").doesNotContain("keeps no table");
  }

  @Test
  void whatIsAskedWronglyIsRefused() {
    assertRefused(compact("--schedule", "often"), "--schedule 'often'");
    assertRefused(compact("--once", "--schedule", "* * * * *"), "mutually exclusive");
    assertRefused(compact("none"), "none");
  }

  private static void assertRefused(Run run, String why) {
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(why);
  }
}
