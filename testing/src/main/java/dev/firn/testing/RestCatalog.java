package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.iceberg.catalog.Catalog;

/**
 * An Iceberg REST catalog in this process, on the loopback address, in front of another catalog. It
 * offers transactions over several tables: no reader sees one of them without the others.
 */
public final class RestCatalog implements AutoCloseable {
  private static final int OK = 200;
  private static final int NO_CONTENT = 204;

  /** How a transaction over several tables fails. */
  public enum Fault {
    NONE,
    /** Nothing is changed, and it says so. */
    REFUSED,
    /** It is done, and the answer says that something went wrong. */
    ANSWER_LOST,
    /** Its first table alone is changed, and the answer says that none was. */
    HALF_DONE
  }

  private final HttpServer server;
  private final RestRoutes routes;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private RestCatalog(HttpServer server, RestRoutes routes) {
    this.server = server;
    this.routes = routes;
  }

  /**
   * Starts on a free port.
   *
   * @param behind keeps the tables, and must be reached by this server alone
   */
  public static RestCatalog before(Catalog behind) {
    return start(new RestRoutes(behind, true));
  }

  /** The same without transactions over several tables. */
  public static RestCatalog tableByTable(Catalog behind) {
    return start(new RestRoutes(behind, false));
  }

  private static RestCatalog start(RestRoutes routes) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      RestCatalog catalog = new RestCatalog(server, routes);
      server.setExecutor(catalog.threads);
      server.createContext("/v1/", exchange -> serve(routes, exchange));
      server.start();
      return catalog;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The properties by which Iceberg opens it; where files lie and how they are read is not said.
   */
  public Map<String, String> properties() {
    return Map.of("type", "rest", "uri", uri());
  }

  /** The next transaction over several tables fails so. */
  public void fail(Fault with) {
    routes.fail(with);
  }

  /** How many transactions over several tables were asked for so far. */
  public int transactions() {
    return routes.transactions();
  }

  /** Such as http://127.0.0.1:8181. */
  public String uri() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private static void serve(RestRoutes routes, HttpExchange exchange) throws IOException {
    try (exchange;
        InputStream body = exchange.getRequestBody()) {
      RestRoutes.Answer answer =
          routes.answer(
              exchange.getRequestMethod(),
              exchange.getRequestURI().getRawPath(),
              String.valueOf(exchange.getRequestURI().getRawQuery()),
              new String(body.readAllBytes(), UTF_8));
      byte[] content = answer.json().getBytes(UTF_8);
      int status = answer.status() == OK && content.length == 0 ? NO_CONTENT : answer.status();
      if (content.length == 0 || "HEAD".equals(exchange.getRequestMethod())) {
        exchange.sendResponseHeaders(status, -1);
      } else {
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, content.length);
        exchange.getResponseBody().write(content);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
