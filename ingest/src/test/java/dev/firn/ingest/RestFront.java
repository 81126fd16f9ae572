package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.firn.testing.RestCatalog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Stands before a REST catalog: lets in who bears the token, gives it to who has the client's id
 * and secret, vends properties with each table, and remembers how it was asked.
 */
final class RestFront implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final RestCatalog behind;
  private final Optional<String> token;
  private final Map<String, String> vended;
  private final HttpServer http;
  private final HttpClient client = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Queue<String> authorizations = new ConcurrentLinkedQueue<>();
  private final Queue<String> tokenRequests = new ConcurrentLinkedQueue<>();

  /**
   * @param token whom to let in; empty: everybody
   * @param vended the properties that come with each table
   */
  RestFront(RestCatalog behind, Optional<String> token, Map<String, String> vended)
      throws IOException {
    this.behind = behind;
    this.token = token;
    this.vended = Map.copyOf(vended);
    this.http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/", this::serve);
    http.start();
  }

  String uri() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  /** The header {@code Authorization} of each request. */
  List<String> authorizations() {
    return new ArrayList<>(authorizations);
  }

  /** The forms by which a token was asked for. */
  List<String> tokenRequests() {
    return new ArrayList<>(tokenRequests);
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      if (exchange.getRequestURI().getPath().endsWith("/oauth/tokens")) {
        giveToken(exchange, body);
        return;
      }
      String authorization = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
      authorizations.add(authorization);
      if (token.isPresent() && !authorization.equals("Bearer " + token.orElseThrow())) {
        answer(
            exchange,
            401,
            "{\"error\":{\"message\":\"who?\",\"type\":\"NotAuthorizedException\",\"code\":401}}");
        return;
      }
      handOn(exchange, body);
    }
  }

  private void giveToken(HttpExchange exchange, String form) throws IOException {
    tokenRequests.add(form);
    boolean isRight = form.contains("client_id=firn") && form.contains("client_secret=of-firn");
    answer(
        exchange,
        isRight ? 200 : 401,
        isRight
            ? "{\"access_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":3600}"
                .formatted(token.orElseThrow())
            : "{\"error\":\"invalid_client\",\"error_description\":\"unknown\"}");
  }

  private void handOn(HttpExchange exchange, String body) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(behind.uri() + exchange.getRequestURI()))
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      answer(exchange, response.statusCode(), vending(response.body()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String vending(String answer) throws IOException {
    if (vended.isEmpty() || !answer.contains("\"metadata\"")) {
      return answer;
    }
    ObjectNode table = (ObjectNode) JSON.readTree(answer);
    ObjectNode config = table.withObject("config");
    vended.forEach(config::put);
    return JSON.writeValueAsString(table);
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] content = body.getBytes(UTF_8);
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", "application/json");
    boolean isEmpty = content.length == 0 || exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, isEmpty ? -1 : content.length);
    if (!isEmpty) {
      exchange.getResponseBody().write(content);
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.close();
    client.close();
  }
}
