package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.MariaDbServer;
import java.sql.Connection;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real MariaDB, followed from its first row on. */
class MariaDbIT extends BinlogCases {
  @BeforeAll
  static void startServer() {
    assumeTrue(MariaDbServer.isInstalled(), MariaDbServer.INSTALLING);
    use(MariaDbServer.start());
  }

  @Test
  void compressedLogIsRefused() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY, a LONGTEXT)");
    run("SET GLOBAL log_bin_compress = ON");
    try {
      assertThatThrownBy(() -> Engine.start(Engine.settings(server(), lake)))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("log_bin_compress is ON");
    } finally {
      run("SET GLOBAL log_bin_compress = OFF");
    }
  }

  @Test
  void logThatIsCompressedMeanwhileStops() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY, a LONGTEXT)");
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run("SET GLOBAL log_bin_compress = ON");
      try {
        run("INSERT INTO shop.t VALUES (1, repeat('a', 100000))");
        assertThat(engine.awaitFailure()).hasStackTraceContaining("log_bin_compress");
      } finally {
        run("SET GLOBAL log_bin_compress = OFF");
      }
    }
  }

  @Test
  void typeThatIsNotKnownIsRefusedWhereItIsCaptured() throws Exception {
    run(
        "CREATE TABLE shop.t (id INT PRIMARY KEY)",
        "CREATE TABLE shop.other (id INT PRIMARY KEY, a INET6)");
    Map<String, String> settings = Engine.settings(server(), lake);
    assertThatThrownBy(() -> Engine.start(settings))
        .hasMessageContaining("table shop.other is not understood");
    settings.put("debezium.source.table.exclude.list", "shop.other, shop.more");
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run(
          "CREATE TABLE shop.more (a INET6)",
          "DROP TABLE shop.more",
          "INSERT INTO shop.t VALUES (1)");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("1");
    }
  }
}
