package dev.firn.ingest;

import io.debezium.annotation.ConnectorSpecific;
import io.debezium.connector.mariadb.MariaDbConnector;

/** The one for MariaDB. */
@ConnectorSpecific(connector = MariaDbConnector.class)
public final class MariaDbSnapshotQuery extends BinlogSnapshotQuery {}
