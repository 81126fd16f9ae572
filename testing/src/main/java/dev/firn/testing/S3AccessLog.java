package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Stands before an S3 server, hands everything on unchanged, and keeps what was asked. */
public final class S3AccessLog implements AutoCloseable {

  /**
   * A request as the client made it.
   *
   * @param path decoded, such as {@code /lake/warehouse/a.parquet}
   * @param query decoded; a name without a value has an empty one
   * @param body of a POST; else empty
   */
  public record Request(String method, String path, Map<String, String> query, String body) {
    public Request {
      query = Map.copyOf(query);
    }
  }

  private final InetSocketAddress server;
  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Collection<Request> requests = new ConcurrentLinkedQueue<>();

  private S3AccessLog(int serverPort) throws IOException {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort);
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  /** Starts on a free port. */
  public static S3AccessLog before(S3Server server) {
    try {
      S3AccessLog log = new S3AccessLog(server.port());
      Thread.ofVirtual().start(log::accept);
      return log;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The properties by which Iceberg reads and writes through it. */
  public Map<String, String> fileIo(S3Server behind) {
    Map<String, String> properties = new HashMap<>(behind.fileIo());
    properties.put("s3.endpoint", "http://127.0.0.1:" + listening.getLocalPort());
    return properties;
  }

  /** All that was asked so far. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException e) {
      // it was closed
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket upstream = new Socket()) {
      open.add(client);
      open.add(upstream);
      upstream.connect(server);
      // Heads and contents are written apart: neither may wait for the other to be received.
      upstream.setTcpNoDelay(true);
      client.setTcpNoDelay(true);
      Thread.ofVirtual().start(() -> answer(upstream, client));
      InputStream in = new BufferedInputStream(client.getInputStream());
      OutputStream out = upstream.getOutputStream();
      for (var head = HttpHead.read(in); head.isPresent(); head = HttpHead.read(in)) {
        forward(head.orElseThrow(), in, out);
      }
      open.remove(upstream);
    } catch (IOException e) {
      // one of both sides is gone
    } finally {
      open.remove(client);
    }
  }

  private void forward(HttpHead head, InputStream in, OutputStream out) throws IOException {
    if (head.isMethod("POST")) {
      head.forward(in, out, 0);
      byte[] body = in.readNBytes((int) head.contentLength());
      requests.add(request(head, new String(body, UTF_8)));
      out.write(body);
      out.flush();
    } else {
      requests.add(request(head, ""));
      head.forward(in, out, Long.MAX_VALUE);
    }
  }

  private static Request request(HttpHead head, String body) {
    String[] target = head.target().split("\\?", 2);
    Map<String, String> query = new HashMap<>();
    if (target.length > 1) {
      for (String pair : target[1].split("&", -1)) {
        String[] named = pair.split("=", 2);
        query.put(decoded(named[0]), named.length > 1 ? decoded(named[1]) : "");
      }
    }
    return new Request(head.method(), decoded(target[0].replace("+", "%2B")), query, body);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, UTF_8);
  }

  private static void answer(Socket upstream, Socket client) {
    try {
      upstream.getInputStream().transferTo(client.getOutputStream());
      client.close();
    } catch (IOException e) {
      // one of both sides is gone
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
