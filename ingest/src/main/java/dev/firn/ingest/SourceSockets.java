package dev.firn.ingest;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.SocketFactory;

/**
 * Makes the sockets of the connections to the source, so that those on which nothing is heard any
 * more can be closed: by itself a network that swallows everything looks like a database at rest.
 *
 * <p>The driver makes it itself, by its class's name.
 */
public final class SourceSockets extends SocketFactory {
  private static final Set<Watched> OPEN = ConcurrentHashMap.newKeySet();
  private static final AtomicLong BYTES = new AtomicLong();

  public SourceSockets() {}

  /** One on which a read fails when nothing comes for so long; not connected yet. */
  static Socket watched(Duration maxSilence) throws SocketException {
    Socket socket = new Watched();
    socket.setSoTimeout(Math.toIntExact(maxSilence.toMillis()));
    return socket;
  }

  /** How many bytes have come on all of them so far. */
  static long bytes() {
    return BYTES.get();
  }

  /** Closes all, so that whoever reads or writes fails now; returns how many there were. */
  static int closeAll() {
    int closed = 0;
    for (Watched socket : OPEN) {
      closed++;
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return closed;
  }

  @Override
  public Socket createSocket() {
    return new Watched();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    throw new UnsupportedOperationException("the driver connects by itself");
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    throw new UnsupportedOperationException("the driver connects by itself");
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw new UnsupportedOperationException("the driver connects by itself");
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    throw new UnsupportedOperationException("the driver connects by itself");
  }

  private static final class Watched extends Socket {
    Watched() {
      OPEN.add(this);
    }

    @Override
    public InputStream getInputStream() throws IOException {
      return new FilterInputStream(super.getInputStream()) {
        @Override
        public int read() throws IOException {
          int value = super.read();
          BYTES.incrementAndGet();
          return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
          int read = super.read(buffer, offset, length);
          BYTES.addAndGet(Math.max(0, read));
          return read;
        }
      };
    }

    @Override
    public void close() throws IOException {
      OPEN.remove(this);
      super.close();
    }
  }
}
