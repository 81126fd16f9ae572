package dev.firn.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  private static final Pattern LENGTH = Pattern.compile("(?im)^content-length:\\s*(\\d+)\\s*$");
  private static final int HEAD_END = ('\r' << 24) | ('\n' << 16) | ('\r' << 8) | '\n';

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
      for (byte[] head = head(in); head.length > 0; head = head(in)) {
        forward(new String(head, ISO_8859_1), in, upstream.getOutputStream());
      }
      open.remove(upstream);
    } catch (IOException e) {
      // one of both sides is gone
    } finally {
      open.remove(client);
    }
  }

  private void forward(String head, InputStream in, OutputStream out) throws IOException {
    long length = length(head);
    boolean isPost = head.startsWith("POST ");
    // The client may wait to be told to send its content.
    out.write(head.getBytes(ISO_8859_1));
    out.flush();
    byte[] body = isPost ? in.readNBytes((int) length) : new byte[0];
    requests.add(request(head.substring(0, head.indexOf('\r')), new String(body, UTF_8)));
    if (isPost) {
      out.write(body);
    } else {
      copy(in, out, length);
    }
    out.flush();
  }

  private static Request request(String line, String body) {
    String[] words = line.split(" ", -1);
    String[] target = words[1].split("\\?", 2);
    Map<String, String> query = new HashMap<>();
    if (target.length > 1) {
      for (String pair : target[1].split("&", -1)) {
        String[] named = pair.split("=", 2);
        query.put(decoded(named[0]), named.length > 1 ? decoded(named[1]) : "");
      }
    }
    return new Request(words[0], decoded(target[0].replace("+", "%2B")), query, body);
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

  private static void copy(InputStream in, OutputStream out, long bytes) throws IOException {
    byte[] buffer = new byte[1 << 13];
    for (long left = bytes; left > 0; ) {
      int read = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (read < 0) {
        return;
      }
      out.write(buffer, 0, read);
      left -= read;
    }
  }

  private static long length(String head) {
    Matcher length = LENGTH.matcher(head);
    return length.find() ? Long.parseLong(requireNonNull(length.group(1))) : 0;
  }

  /** Up to and with the empty line; empty when there is nothing more. */
  private static byte[] head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (last != HEAD_END) {
      int b = in.read();
      if (b < 0) {
        return new byte[0];
      }
      head.write(b);
      last = (last << 8) | b;
    }
    return head.toByteArray();
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
