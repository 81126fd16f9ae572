package dev.firn.ingest;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a server is not reached. */
final class NetworkFailure {
  private static final String TRUST =
      "let Java trust it: put it (or its authority's) into a trust store with keytool -importcert, and name that in FIRN_JAVA_OPTS: -Djavax.net.ssl.trustStore=FILE";

  private NetworkFailure() {}

  /**
   * Empty if the network is not to blame.
   *
   * @param setting names the server
   * @param more what else to look at
   */
  static Optional<LakeFailure> of(Throwable failure, String setting, String more) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      Optional<LakeFailure> known = known(t, setting, more);
      if (known.isPresent()) {
        return known;
      }
    }
    return Optional.empty();
  }

  private static Optional<LakeFailure> known(Throwable t, String setting, String more) {
    return switch (t) {
      case UnknownHostException e ->
          Optional.of(
              new LakeFailure(
                  "%s: no such host (%s)".formatted(setting, ConnectionLoss.reason(e)),
                  "correct the name" + more));
      case ConnectException e ->
          Optional.of(
              new LakeFailure(
                  "%s: nobody answers there (%s)".formatted(setting, ConnectionLoss.reason(e)),
                  "start the server, or correct host and port" + more));
      case SocketTimeoutException e ->
          Optional.of(
              new LakeFailure(
                  "%s: no answer in time (%s)".formatted(setting, ConnectionLoss.reason(e)),
                  "see that no firewall is in between, and host and port" + more));
      case SSLException e -> Optional.of(tls(e, setting));
      default -> Optional.empty();
    };
  }

  private static LakeFailure tls(SSLException failure, String setting) {
    String reason = ConnectionLoss.reason(failure);
    if (has(failure, CertPathBuilderException.class)) {
      return new LakeFailure(
          "%s: its certificate is of no authority that Java trusts (%s)".formatted(setting, reason),
          TRUST);
    }
    if (has(failure, CertificateException.class)) {
      return new LakeFailure(
          "%s: its certificate does not fit (%s)".formatted(setting, reason),
          "use the name that the certificate bears, or give the server another");
    }
    return new LakeFailure(
        "%s: no encrypted connection comes about (%s)".formatted(setting, reason),
        "see whether the server takes https, or only http, at this port");
  }

  private static boolean has(Throwable failure, Class<?> kind) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      if (kind.isInstance(t)) {
        return true;
      }
    }
    return false;
  }
}
