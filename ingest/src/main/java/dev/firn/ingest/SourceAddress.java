package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.util.Arrays;
import java.util.Optional;

/** Where a database is and as whom to go there, without a password. */
record SourceAddress(SourceKind kind, String host, int port, String user, String database) {
  private static final String SCHEME = "jdbc:";
  private static final String FORM =
      "jdbc:postgresql://USER@HOST:PORT/DATABASE or the same with jdbc:mariadb or jdbc:mysql";

  SourceAddress {
    requireNonNull(kind, "kind is null");
    requireNonNull(host, "host is null");
    requireNonNull(user, "user is null");
    requireNonNull(database, "database is null");
  }

  /**
   * Reads {@code jdbc:postgresql://user@host:port/database}, or the same of MariaDB and MySQL; the
   * user may also be a parameter.
   *
   * @throws SettingsException it is something else, or holds a password
   */
  static SourceAddress parse(String url) {
    URI uri = uri(url);
    SourceKind kind = SourceKind.ofScheme(uri.getScheme()).orElseThrow(() -> ill(url));
    String userInfo = uri.getUserInfo() == null ? "" : uri.getUserInfo();
    if (userInfo.contains(":") || parameter(uri, "password").isPresent()) {
      throw new SettingsException(
          "--from holds a password, which others can read in the list of processes; leave it out and put it in the environment as "
              + kind.passwordVariable());
    }
    String user = userInfo.isEmpty() ? parameter(uri, "user").orElse("") : userInfo;
    String path = uri.getPath() == null ? "" : uri.getPath();
    String database = path.startsWith("/") ? path.substring(1) : path;
    if (uri.getHost() == null || user.isEmpty() || database.isEmpty() || database.contains("/")) {
      throw ill(url);
    }
    int port = uri.getPort() < 0 ? kind.port() : uri.getPort();
    return new SourceAddress(kind, uri.getHost(), port, user, database);
  }

  private static URI uri(String url) {
    try {
      URI uri = new URI(url.startsWith(SCHEME) ? url.substring(SCHEME.length()) : url);
      if (uri.getScheme() == null) {
        throw ill(url);
      }
      return uri;
    } catch (URISyntaxException e) {
      throw ill(url);
    }
  }

  private static Optional<String> parameter(URI uri, String name) {
    String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
    return Arrays.stream(query.split("&", -1))
        .filter(pair -> pair.startsWith(name + "="))
        .map(pair -> URLDecoder.decode(pair.substring(name.length() + 1), UTF_8))
        .findFirst();
  }

  private static SettingsException ill(String url) {
    return new SettingsException("--from %s: expected %s".formatted(url, FORM));
  }
}
