package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class TestFirstConfig {
  private static final SourceAddress SHOP =
      SourceAddress.parse("jdbc:postgresql://ann@db.example.org:5433/My-Shop");

  private static Properties read(FirstConfig config) throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(config.text()));
    return properties;
  }

  @Test
  void addressIsReadInBothForms() {
    assertThat(SHOP)
        .isEqualTo(
            new SourceAddress(SourceKind.POSTGRES, "db.example.org", 5433, "ann", "My-Shop"));
    assertThat(SourceAddress.parse("jdbc:postgresql://h/d?user=a%40b"))
        .isEqualTo(new SourceAddress(SourceKind.POSTGRES, "h", 5432, "a@b", "d"));
  }

  @Test
  void passwordInTheAddressIsRefusedAndNotRepeated() {
    for (String url :
        List.of("jdbc:postgresql://a:hidden@h/d", "jdbc:postgresql://a@h/d?password=hidden")) {
      assertThatThrownBy(() -> SourceAddress.parse(url))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("PGPASSWORD")
          .hasMessageNotContaining("hidden");
    }
  }

  @Test
  void otherAddressesAreRefused() {
    for (String url :
        List.of("db", "jdbc:oracle://a@h/d", "jdbc:postgresql://h/d", "jdbc:postgresql://a@h")) {
      assertThatThrownBy(() -> SourceAddress.parse(url))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("expected jdbc:postgresql://USER@HOST:PORT/DATABASE");
    }
  }

  @Test
  void fileHoldsNoPasswordAndNamesTheTables() throws IOException {
    FirstConfig config =
        new FirstConfig(
            SHOP,
            "SHOP_PASSWORD",
            Path.of("/srv/lake"),
            List.of(
                new FoundTable(new SourceTable("public", "orders"), "id, line"),
                new FoundTable(new SourceTable("public", "odd $name"), "")));
    Properties properties = read(config);
    assertThat(config.pipeline()).isEqualTo("my_shop");
    assertThat(properties)
        .containsEntry("debezium.source.database.password", "${SHOP_PASSWORD:}")
        .containsEntry("debezium.source.database.hostname", "db.example.org")
        .containsEntry("debezium.sink.iceberg.pipeline", "my_shop")
        .containsEntry("debezium.sink.iceberg.dir", "/srv/lake")
        .containsEntry("debezium.source.table.include.list", "public.orders,public.odd\\ \\$name");
    assertThat(config.text()).contains("#   public.orders     key id, line");
  }
}
