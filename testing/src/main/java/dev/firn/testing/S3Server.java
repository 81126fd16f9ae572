package dev.firn.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;

/**
 * An S3-compatible server in this process, on the loopback address, that keeps its objects as files
 * of a folder. It has one bucket and one user, whose signatures it checks.
 */
public final class S3Server implements AutoCloseable {
  public static final String ACCESS_KEY = "firn";

  /** No secret: the server listens on the loopback address only. */
  public static final String SECRET_KEY = "firn-on-loopback";

  public static final String BUCKET = "lake";

  /** The server asks for none, clients want one. */
  public static final String REGION = "us-east-1";

  private final Path folder;
  private final S3Proxy proxy;

  private S3Server(Path folder, S3Proxy proxy) {
    this.folder = folder;
    this.proxy = proxy;
  }

  /** Starts a server on a free port with the objects that the folder holds. */
  public static S3Server start(Path folder) {
    return start(folder, 0);
  }

  /**
   * Starts a server with the objects that the folder holds.
   *
   * @param port 0 for a free one
   * @throws ServerException it cannot start; the message says why in one line
   */
  public static S3Server start(Path folder, int port) {
    BlobStore store = store(folder.toAbsolutePath());
    S3Proxy proxy =
        S3Proxy.builder()
            .blobStore(store)
            .endpoint(URI.create("http://127.0.0.1:" + port))
            .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
            .ignoreUnknownHeaders(true)
            .stopTimeout(0)
            .build();
    S3Server server = new S3Server(folder.toAbsolutePath(), proxy);
    server.launch(port);
    return server;
  }

  private static BlobStore store(Path folder) {
    try {
      Files.createDirectories(folder.resolve(BUCKET));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Properties properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", folder.toString());
    return BlobStores.create("filesystem-nio2", properties);
  }

  @SuppressWarnings("CatchingUnchecked") // what S3Proxy declares
  private void launch(int port) {
    try {
      proxy.start();
    } catch (Exception e) {
      throw new ServerException(
          "the S3 server cannot listen on port %d: %s".formatted(port, e.getMessage()), e);
    }
  }

  public int port() {
    return proxy.getPort();
  }

  public String endpoint() {
    return "http://127.0.0.1:" + port();
  }

  public Path folder() {
    return folder;
  }

  /** The properties by which Iceberg reads and writes this server's bucket. */
  public Map<String, String> fileIo() {
    return Map.of(
        "io-impl",
        "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint",
        endpoint(),
        "s3.path-style-access",
        "true",
        "s3.access-key-id",
        ACCESS_KEY,
        "s3.secret-access-key",
        SECRET_KEY,
        "client.region",
        REGION);
  }

  /** Ends it at once; requests under way fail. Its objects stay. */
  @Override
  public void close() {
    try {
      proxy.stop();
    } catch (Exception e) {
      throw new ServerException("the S3 server cannot stop: " + e.getMessage(), e);
    }
  }
}
