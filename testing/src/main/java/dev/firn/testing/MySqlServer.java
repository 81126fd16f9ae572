package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A real MySQL, as it lies on Maven Central, in a temporary folder and on the loopback address,
 * with the binary log that change data capture needs.
 */
public final class MySqlServer implements BinlogServer {
  /** What fetches it. */
  public static final String INSTALLING = "mvn -Pmysql-server -pl testing -am process-resources";

  private static final String NAME = "MySQL";

  /** Where it lies, seen from a module beside this one. */
  private static final Path HOME =
      Path.of(System.getProperty("firn.mysql", "../testing/target/mysql"))
          .toAbsolutePath()
          .normalize();

  private static final Path PROGRAM = HOME.resolve("bin").resolve("mysqld");

  private static final String USERS =
      """
      CREATE USER IF NOT EXISTS '%1$s'@'%%';
      GRANT ALL PRIVILEGES ON *.* TO '%1$s'@'%%' WITH GRANT OPTION;
      CREATE USER IF NOT EXISTS '%2$s'@'%%';
      GRANT SELECT, RELOAD, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '%2$s'@'%%';
      """
          .formatted(USER, READER);

  private final Path data;
  private final int port;
  private final ServerProcess process;

  private MySqlServer(Path data, int port) {
    this.data = data;
    this.port = port;
    this.process = new ServerProcess(NAME, data);
  }

  /** Whether it was fetched. */
  public static boolean isInstalled() {
    return Files.exists(PROGRAM);
  }

  /**
   * Starts a server and returns when it answers.
   *
   * @throws ServerException it cannot start; the message says why in one line
   */
  public static MySqlServer start() {
    MySqlServer server = new MySqlServer(Folders.temporary("firn-mysql"), ServerProcess.port(0));
    server.createData();
    server.launch();
    return server;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Path dataFolder() {
    return data;
  }

  @Override
  public Optional<Long> pid() {
    return process.pid();
  }

  @Override
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:mysql://%s:%d/%s?user=%s&connectionTimeZone=UTC&forceConnectionTimeZoneToSession=true&allowPublicKeyRetrieval=true"
            .formatted(host(), port, database, USER));
  }

  @Override
  public void restart() {
    kill();
    launch();
  }

  @Override
  public void kill() {
    process.kill();
  }

  @Override
  public void stop() {
    process.stop();
  }

  @Override
  public void close() {
    stop();
    Folders.remove(data);
  }

  private void createData() {
    try {
      // An archive as Maven unpacks it does not say what may be run.
      boolean unused = PROGRAM.toFile().setExecutable(true);
      Path output = Files.createTempFile("firn-mysql", ".log");
      ServerProcess.run(command(Map.of("initialize-insecure", "ON")), output);
      Files.delete(output);
    } catch (IOException e) {
      throw new ServerException("cannot make %s: %s".formatted(data, e.getMessage()), e);
    }
  }

  private void launch() {
    try {
      Path users = Files.writeString(data.resolve("users.sql"), USERS, UTF_8);
      process.launch(command(options(users)), this::answers);
    } catch (IOException e) {
      throw new ServerException("cannot start MySQL: " + e.getMessage(), e);
    }
  }

  private Map<String, String> options(Path users) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("bind-address", host());
    options.put("port", Integer.toString(port));
    options.put("socket", data.resolve("s").toString());
    options.put("pid-file", data.resolve("mysqld.pid").toString());
    options.put("init-file", users.toString());
    options.put("mysqlx", "OFF");
    options.put("server-id", "1");
    options.put("log-bin", "binlog");
    options.put("gtid-mode", "ON");
    options.put("enforce-gtid-consistency", "ON");
    options.put("binlog-row-metadata", "FULL");
    options.put("innodb-buffer-pool-size", "32M");
    options.put("innodb-redo-log-capacity", "32M");
    options.put("performance-schema", "OFF");
    options.put("skip-name-resolve", "1");
    return options;
  }

  private List<String> command(Map<String, String> options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                PROGRAM.toString(),
                "--no-defaults",
                "--user=" + System.getProperty("user.name"),
                "--basedir=" + HOME,
                "--datadir=" + data));
    options.forEach((name, value) -> command.add("--%s=%s".formatted(name, value)));
    return command;
  }

  private boolean answers() {
    try (Connection connection = connect("")) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }
}
