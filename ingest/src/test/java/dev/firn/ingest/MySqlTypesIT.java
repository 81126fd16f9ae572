package dev.firn.ingest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.BinlogServer;
import dev.firn.testing.MySqlServer;
import dev.firn.testing.MySqlTypes;
import org.junit.jupiter.api.BeforeAll;

/** Every type of MySQL from a real server into real Iceberg tables. */
class MySqlTypesIT extends BinlogTypeCases {
  MySqlTypesIT() {
    super(MySqlTypes.TYPES, MySqlTypes.AS_TEXT, MySqlTypes.AS_VARIANT, MySqlTypes.AS_GEOMETRY);
  }

  @BeforeAll
  static void requireServer() {
    assumeTrue(MySqlServer.isInstalled(), MySqlServer.INSTALLING);
  }

  @Override
  BinlogServer start() {
    return MySqlServer.start();
  }
}
