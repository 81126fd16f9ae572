package dev.firn.ingest;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.compaction.retention.Holds;
import dev.firn.writer.Lake;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TestHoldCommand {
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");

  @TempDir private Path folder;

  private record Run(int exit, String out, String err) {}

  @BeforeEach
  void tableOfTwoSnapshots() {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(ORDERS.namespace());
    Table table =
        catalog.createTable(
            ORDERS,
            new Schema(Types.NestedField.required(1, "id", Types.LongType.get())),
            PartitionSpec.unpartitioned(),
            Map.of(SummaryKeys.PIPELINE, "shop", SummaryKeys.EPOCH, "1"));
    table.newFastAppend().commit();
    table.manageSnapshots().createTag("first", table.currentSnapshot().snapshotId()).commit();
    table.newFastAppend().commit();
  }

  private Table table() {
    return Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder)).loadTable(ORDERS);
  }

  private Run firn(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine firn = Firn.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = firn.execute(args);
    return new Run(exit, out.toString(), err.toString());
  }

  private Run hold(String what, String... more) {
    String[] args = new String[more.length + 4];
    args[0] = "hold";
    args[1] = what;
    System.arraycopy(more, 0, args, 2, more.length);
    args[more.length + 2] = "--dir";
    args[more.length + 3] = folder.toString();
    return firn(args);
  }

  @Test
  void theNewestIsHeldAndListedAndRemoved() throws IOException {
    long newest = table().currentSnapshot().snapshotId();
    assertThat(hold("add", "orders", "--reason", "case 17").exit()).isZero();
    String name = Holds.list(table()).getFirst().name();

    Path json = folder.resolve("holds.json");
    Run list = hold("list", "--json", json.toString());
    assertThat(list.out()).contains(name, "snapshot " + newest, "case 17", "1 held");
    JsonNode row = new ObjectMapper().readTree(json.toFile()).get(0);
    assertThat(row.get("hold").asText()).isEqualTo(name);
    assertThat(row.get("snapshotId").asLong()).isEqualTo(newest);
    assertThat(row.get("reason").asText()).isEqualTo("case 17");

    assertThat(hold("remove", "shop.orders", name).exit()).isZero();
    assertThat(hold("list", "orders").out()).contains("0 held");
  }

  @Test
  void anotherSnapshotCanBeNamed() {
    long first = requireNonNull(table().refs().get("first")).snapshotId();
    String then = Instant.ofEpochMilli(table().snapshot(first).timestampMillis()).toString();

    hold("add", "orders", "--reason", "a", "--tag", "first");
    hold("add", "orders", "--reason", "b", "--snapshot", Long.toString(first));
    hold("add", "orders", "--reason", "c", "--at", then);

    assertThat(Holds.list(table())).extracting("snapshotId").containsExactly(first, first, first);
  }

  @Test
  void whatIsAskedWronglyIsRefused() {
    assertRefused(hold("add", "orders"), "--reason");
    assertRefused(hold("add", "orders", "--reason", "a", "--snapshot", "5"), "no snapshot 5");
    assertRefused(hold("add", "orders", "--reason", "a", "--tag", "none"), "no tag or branch none");
    assertRefused(hold("add", "orders", "--reason", "a", "--at", "2020-01-01T00:00:00Z"), "2020");
    assertRefused(hold("add", "none", "--reason", "a"), "unknown table none");
    assertRefused(hold("remove", "orders", "firn_hold_a"), "no hold firn_hold_a");
    assertRefused(firn("hold"), "add, list, remove");
    assertRefused(firn("hold", "list"), "--config");
    assertThat(Holds.list(table())).isEmpty();
  }

  private static void assertRefused(Run run, String why) {
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(why);
  }
}
