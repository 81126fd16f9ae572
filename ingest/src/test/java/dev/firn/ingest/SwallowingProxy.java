package dev.firn.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Stands between a client and a server, and can lose all bytes without closing a connection. */
final class SwallowingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final String host;
  private final int target;
  private volatile boolean swallowing;

  private SwallowingProxy(ServerSocket listener, String host, int target) {
    this.listener = listener;
    this.host = host;
    this.target = target;
  }

  static SwallowingProxy to(String host, int port) throws IOException {
    SwallowingProxy proxy =
        new SwallowingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), host, port);
    Thread.ofVirtual().start(proxy::accept);
    return proxy;
  }

  int port() {
    return listener.getLocalPort();
  }

  /** From now on bytes are lost, or are not; lost ones never come. */
  void swallow(boolean all) {
    swallowing = all;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(host, target);
        Thread.ofVirtual().start(() -> pass(client, server));
        Thread.ofVirtual().start(() -> pass(server, client));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void pass(Socket from, Socket to) {
    byte[] buffer = new byte[1 << 13];
    boolean broken = false;
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        // What has lost a byte is of no use any more.
        broken |= swallowing;
        if (!broken) {
          out.write(buffer, 0, read);
        }
      }
    } catch (IOException e) {
      // Its end is the end.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
