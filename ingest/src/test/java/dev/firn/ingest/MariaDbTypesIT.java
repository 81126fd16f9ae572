package dev.firn.ingest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.BinlogServer;
import dev.firn.testing.MariaDbServer;
import dev.firn.testing.MariaDbTypes;
import org.junit.jupiter.api.BeforeAll;

/** Every type of MariaDB from a real server into real Iceberg tables. */
class MariaDbTypesIT extends BinlogTypeCases {
  MariaDbTypesIT() {
    super(
        MariaDbTypes.TYPES,
        MariaDbTypes.AS_TEXT,
        MariaDbTypes.AS_VARIANT,
        MariaDbTypes.AS_GEOMETRY);
  }

  @BeforeAll
  static void requireServer() {
    assumeTrue(MariaDbServer.isInstalled(), MariaDbServer.INSTALLING);
  }

  @Override
  BinlogServer start() {
    return MariaDbServer.start();
  }
}
