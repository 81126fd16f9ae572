package dev.firn.testing;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * PostgreSQL refuses to run as root. In a user namespace without a mapping root is nobody, and
 * still owns its files.
 */
final class AsOrdinaryUser {
  private static final List<String> NAMESPACE = List.of("unshare", "-U");

  private AsOrdinaryUser() {}

  /** What to put before a command of PostgreSQL: nothing, unless this process is root. */
  static List<String> prefix() {
    return Holder.PREFIX;
  }

  private static final class Holder {
    static final List<String> PREFIX = find();
  }

  private static List<String> find() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return List.of();
    }
    try {
      Process probe =
          new ProcessBuilder("unshare", "-U", "id", "-u")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (probe.waitFor(10, TimeUnit.SECONDS) && probe.exitValue() == 0) {
        return NAMESPACE;
      }
    } catch (IOException e) {
      throw refused(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(e);
    }
    throw refused(new IOException("unshare -U was refused"));
  }

  private static ServerException refused(Exception cause) {
    return new ServerException(
        "PostgreSQL does not run as root, and this system gives no user namespace (unshare -U): "
            + "run as an ordinary user",
        cause);
  }
}
