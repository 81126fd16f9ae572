package dev.firn.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands before an S3 server and hands requests on, each on a connection of its own, or lets them
 * fail as it is told to. It remembers what was asked.
 */
public final class FaultyS3 implements AutoCloseable {

  /** How requests fail. */
  public sealed interface Fault {
    /** An answer of the server's own kind, as {@code 503 SlowDown}. */
    record Refused(int status, String code) implements Fault {}

    /** The same, with what the server tells besides. */
    record Told(int status, String code, String message, Map<String, String> headers)
        implements Fault {
      public Told {
        headers = Map.copyOf(headers);
      }
    }

    /** So are uploads only. */
    record RefusedUploads(int status, String code) implements Fault {}

    /** Uploads are answered so much later. */
    record SlowUploads(Duration by) implements Fault {}

    /** Uploads to names with this in them are refused. */
    record RefusedNames(String part, int status, String code) implements Fault {}

    /** Connections are not taken. */
    record Down() implements Fault {}

    /** Uploads are taken and never answered. */
    record StalledUploads() implements Fault {}

    /** Connections end in the middle of an upload's content, of which the server gets the half. */
    record CutUploads() implements Fault {}
  }

  /**
   * What was asked.
   *
   * @param target the path and query, or the whole address when it came as to a proxy
   * @param head the request line and all headers
   */
  public record Request(String method, String target, String head) {
    /** A header's first value. */
    public Optional<String> header(String name) {
      return new HttpHead(head).header(name);
    }
  }

  private final InetSocketAddress server;
  private final int port;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
  private final AtomicInteger failedUploads = new AtomicInteger();
  private volatile ServerSocket listening;
  private volatile @Nullable Fault fault;

  private FaultyS3(int serverPort) {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort);
    this.listening = listen(0);
    this.port = listening.getLocalPort();
  }

  /** Starts on a free port. */
  public static FaultyS3 before(S3Server server) {
    return new FaultyS3(server.port());
  }

  /** The properties by which Iceberg reads and writes through it. */
  public Map<String, String> fileIo(S3Server behind) {
    Map<String, String> properties = new HashMap<>(behind.fileIo());
    properties.put("s3.endpoint", "http://127.0.0.1:" + port);
    return properties;
  }

  /** From now on requests fail so. */
  public void fail(Fault with) {
    failedUploads.set(0);
    fault = with;
    if (with instanceof Fault.Down) {
      close(listening);
      open.forEach(FaultyS3::close);
    }
  }

  /** From now on all is well. */
  public void mend() {
    fault = null;
    if (listening.isClosed()) {
      listening = listen(port);
    }
    open.forEach(FaultyS3::close);
  }

  /** How many uploads have failed since the fault began; not those that found nobody. */
  public int failedUploads() {
    return failedUploads.get();
  }

  /** What was asked since it was last taken, in the order of arrival. */
  public List<Request> takeRequests() {
    List<Request> taken = new ArrayList<>();
    for (Request next = requests.poll(); next != null; next = requests.poll()) {
      taken.add(next);
    }
    return taken;
  }

  private ServerSocket listen(int at) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), at));
      Thread.ofVirtual().start(() -> accept(socket));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept(ServerSocket socket) {
    try {
      while (true) {
        Socket client = socket.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException e) {
      // it was closed
    }
  }

  private void serve(Socket client) {
    open.add(client);
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      Optional<HttpHead> head = HttpHead.read(in);
      if (head.isPresent()) {
        HttpHead asked = head.orElseThrow();
        requests.add(new Request(asked.method(), asked.target(), asked.text()));
        serve(client, in, asked);
      }
    } catch (IOException e) {
      // one of both sides is gone
    } finally {
      open.remove(client);
    }
  }

  private void serve(Socket client, InputStream in, HttpHead head) throws IOException {
    boolean isUpload = head.isMethod("PUT");
    switch (fault) {
      case Fault.Refused(int status, String code) -> refuse(client, in, head, status, code);
      case Fault.Told told -> refuse(client, in, head, told);
      case Fault.RefusedUploads(int status, String code) when isUpload -> {
        failedUploads.incrementAndGet();
        refuse(client, in, head, status, code);
      }
      case Fault.RefusedNames(String part, int status, String code)
          when isUpload && head.target().contains(part) -> {
        failedUploads.incrementAndGet();
        refuse(client, in, head, status, code);
      }
      case Fault.SlowUploads(Duration by) when isUpload -> {
        pause(by);
        forward(client, in, head, Long.MAX_VALUE);
      }
      case Fault.StalledUploads() when isUpload -> {
        failedUploads.incrementAndGet();
        in.transferTo(OutputStream.nullOutputStream());
      }
      case Fault.CutUploads() when isUpload -> {
        failedUploads.incrementAndGet();
        forward(client, in, head, head.contentLength() / 2);
      }
      case null, default -> forward(client, in, head, Long.MAX_VALUE);
    }
  }

  private static void pause(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void refuse(Socket client, InputStream in, HttpHead head, int status, String code)
      throws IOException {
    refuse(client, in, head, new Fault.Told(status, code, "as told", Map.of()));
  }

  private static void refuse(Socket client, InputStream in, HttpHead head, Fault.Told told)
      throws IOException {
    if (head.header("Expect").isEmpty()) {
      in.skipNBytes(head.contentLength());
    }
    byte[] body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>"
            .formatted(told.code(), told.message())
            .getBytes(UTF_8);
    OutputStream out = client.getOutputStream();
    out.write(
        "HTTP/1.1 %d %s\r\n%sContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            .formatted(
                told.status(), told.code(), lines(told), head.isMethod("HEAD") ? 0 : body.length)
            .getBytes(ISO_8859_1));
    if (!head.isMethod("HEAD")) {
      out.write(body);
    }
    out.flush();
  }

  private static String lines(Fault.Told told) {
    StringBuilder lines = new StringBuilder();
    told.headers().forEach((name, value) -> lines.append("%s: %s\r\n".formatted(name, value)));
    return lines.toString();
  }

  /**
   * @param most so many bytes of the content go through, then both connections end
   */
  private void forward(Socket client, InputStream in, HttpHead head, long most) throws IOException {
    try (Socket upstream = new Socket()) {
      upstream.connect(server);
      open.add(upstream);
      Thread answer = Thread.ofVirtual().start(() -> answer(upstream, client));
      head.ofOneRequest().forward(in, upstream.getOutputStream(), most);
      if (most == Long.MAX_VALUE) {
        answer.join();
      }
      open.remove(upstream);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(Socket upstream, Socket client) {
    try {
      upstream.getInputStream().transferTo(client.getOutputStream());
    } catch (IOException e) {
      // one of both sides is gone
    }
  }

  private static void close(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    close(listening);
    open.forEach(FaultyS3::close);
  }
}
