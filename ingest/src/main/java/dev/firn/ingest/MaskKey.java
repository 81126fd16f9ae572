package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of hashed columns. Two are equal when they hash equally; its text does not tell it.
 *
 * @param fingerprint tells keys apart
 */
record MaskKey(String fingerprint, Secret secret) {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int LEAST_LENGTH = 16;
  private static final int FINGERPRINT_LETTERS = 16;

  /** The key itself, which is not compared and not printed. */
  static final class Secret {
    private final byte[] bytes;

    private Secret(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Secret;
    }

    @Override
    public int hashCode() {
      return 0;
    }

    @Override
    public String toString() {
      return "***";
    }
  }

  MaskKey {
    requireNonNull(fingerprint, "fingerprint is null");
    requireNonNull(secret, "secret is null");
  }

  /** Whether a text is long enough that nobody finds it by trying. */
  static boolean isLongEnough(String text) {
    return text.length() >= LEAST_LENGTH;
  }

  static MaskKey of(String text) {
    Secret secret = new Secret(text.getBytes(UTF_8));
    return new MaskKey(
        hex(mac(secret), "firn".getBytes(UTF_8)).substring(0, FINGERPRINT_LETTERS), secret);
  }

  /** One that is only compared. */
  static MaskKey known(String fingerprint) {
    return new MaskKey(fingerprint, new Secret(new byte[1]));
  }

  /** What hashes values, for one thread at a time. */
  Hasher hasher() {
    return new Hasher(mac(secret));
  }

  private static Mac mac(Secret secret) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret.bytes, ALGORITHM));
      return mac;
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("this JVM has no " + ALGORITHM, e);
    }
  }

  private static String hex(Mac mac, byte[] bytes) {
    return HexFormat.of().formatHex(mac.doFinal(bytes));
  }

  /** Hashes values; equal ones equally, in whatever column and of whatever type they are. */
  static final class Hasher {
    private final Mac mac;

    private Hasher(Mac mac) {
      this.mac = mac;
    }

    /** HMAC-SHA-256 of the value's text (of bytes: of these), in 64 small hexadecimal digits. */
    synchronized String hash(Object value) {
      return hex(mac, bytes(value));
    }

    private static byte[] bytes(Object value) {
      return switch (value) {
        case ByteBuffer buffer -> {
          byte[] bytes = new byte[buffer.remaining()];
          buffer.duplicate().get(bytes);
          yield bytes;
        }
        case BigDecimal number -> number.toPlainString().getBytes(UTF_8);
        default -> value.toString().getBytes(UTF_8);
      };
    }
  }
}
