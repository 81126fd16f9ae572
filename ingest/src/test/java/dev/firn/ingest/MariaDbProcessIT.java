package dev.firn.ingest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.BinlogServer;
import dev.firn.testing.MariaDbServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** The real process with a MariaDB. */
class MariaDbProcessIT extends BinlogProcessCases {
  @BeforeAll
  static void requireServer() {
    assumeTrue(MariaDbServer.isInstalled(), MariaDbServer.INSTALLING);
  }

  @Override
  BinlogServer start() {
    return MariaDbServer.start();
  }

  @Override
  String scheme() {
    return "mariadb";
  }

  @Override
  List<Path> libraries() {
    return List.of();
  }
}
