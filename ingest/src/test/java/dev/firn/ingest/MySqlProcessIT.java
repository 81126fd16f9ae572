package dev.firn.ingest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.mysql.cj.jdbc.Driver;
import dev.firn.testing.BinlogServer;
import dev.firn.testing.MySqlServer;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** The real process with a MySQL, whose driver lies beside it. */
class MySqlProcessIT extends BinlogProcessCases {
  @BeforeAll
  static void requireServer() {
    assumeTrue(MySqlServer.isInstalled(), MySqlServer.INSTALLING);
  }

  @Override
  BinlogServer start() {
    return MySqlServer.start();
  }

  @Override
  String scheme() {
    return "mysql";
  }

  @Override
  List<Path> libraries() {
    return List.of(
        Path.of(
            URI.create(
                Driver.class.getProtectionDomain().getCodeSource().getLocation().toString())));
  }
}
