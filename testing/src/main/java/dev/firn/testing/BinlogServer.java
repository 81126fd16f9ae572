package dev.firn.testing;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** A real server with a binary log, on the loopback address. */
public sealed interface BinlogServer extends AutoCloseable permits MariaDbServer, MySqlServer {
  /** A user who may do anything; there is no password. */
  String USER = "firn";

  /** A user who may read everything, and its log; there is no password. */
  String READER = "firn_reader";

  default String host() {
    return "127.0.0.1";
  }

  int port();

  Path dataFolder();

  /** The process id of the running server; empty when it does not run. */
  Optional<Long> pid();

  /** A connection of the user who may do anything, in UTC; to no database if that is empty. */
  Connection connect(String database) throws SQLException;

  /** Starts the server again after {@link #kill} or {@link #stop}, with the same data and port. */
  void restart();

  /** Ends the server like a loss of power. */
  void kill();

  /** Ends the server in an orderly way and keeps its data. Nothing happens when it does not run. */
  void stop();

  /** Stops the server; a temporary folder is removed. */
  @Override
  void close();
}
