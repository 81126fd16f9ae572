package dev.firn.ingest;

import io.debezium.annotation.ConnectorSpecific;
import io.debezium.connector.mysql.MySqlConnector;

/** The one for MySQL. */
@ConnectorSpecific(connector = MySqlConnector.class)
public final class MySqlSnapshotQuery extends BinlogSnapshotQuery {}
