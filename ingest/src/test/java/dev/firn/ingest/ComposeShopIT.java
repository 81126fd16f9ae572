package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docker-compose.yml does in PostgreSQL, on a server without Docker. */
class ComposeShopIT {
  private static final Path ROOT = Path.of("..");

  @Test
  void ordinaryRoleMayCaptureTheShopUnderLoad(@TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      sql.execute("CREATE DATABASE shop");
      makeShop(server);
      Map<String, String> settings = Engine.settings(server, "shop", lake);
      settings.put("debezium.source.database.user", "firn");
      settings.put("debezium.source.schema.include.list", "shop");
      try (Connection shop = server.connect("shop");
          Statement load = shop.createStatement();
          Engine engine = Engine.start(settings)) {
        load.execute("SET ROLE firn");
        String placeOrder = Files.readString(ROOT.resolve("docker/load.sql"));
        for (int i = 0; i < 10; i++) {
          load.execute(placeOrder);
        }
        engine.awaitCaughtUp(shop);
        requireEqual(server, lake);
      }
    }
  }

  /** As docker/init-shop.sh does. */
  private static void makeShop(PostgresServer server) throws Exception {
    String script = Files.readString(ROOT.resolve("docker/init-shop.sh"));
    String role = script.substring(script.indexOf("CREATE ROLE"), script.indexOf("\nSQL\n"));
    try (Connection connection = server.connect("shop");
        Statement sql = connection.createStatement()) {
      sql.execute(role.replace(":'password'", "'secret'"));
      sql.execute("SET ROLE firn");
      sql.execute(Files.readString(Path.of("src/main/resources/dev/firn/ingest/demo/shop.sql")));
    }
  }

  private static void requireEqual(PostgresServer server, Path lake) throws Exception {
    try (Connection reading = server.connect("shop")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "shop", "orders");
      LakeRows rows =
          LakeRows.of(
              Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake))
                  .loadTable(TableIdentifier.of("shop", "orders")),
              source.columns());
      RowComparison.Result result = RowComparison.compare(source, rows, List.of("id"));
      assertThat(result.differences()).isEmpty();
      assertThat(result.sourceRows()).isEqualTo(2010);
    }
  }
}
