package dev.firn.ingest.log;

import dev.firn.writer.Position;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/**
 * A place in a change stream of MongoDB: the token's {@code _data}, a key string in hexadecimal
 * digits whose order byte by byte is that of the stream. It begins with the cluster time.
 *
 * @param data upper-case digits
 */
record ResumeToken(String data) implements Position {
  /** The key string's mark of a timestamp, before its eight bytes. */
  private static final String TIMESTAMP = "82";

  private static final int CLUSTER_TIME_LENGTH = TIMESTAMP.length() + 16;
  private static final byte[] FIELD = "\u0002_data\0".getBytes(StandardCharsets.US_ASCII);

  ResumeToken {
    data = data.toUpperCase(Locale.ROOT);
    if (!data.startsWith(TIMESTAMP) || data.length() < CLUSTER_TIME_LENGTH) {
      throw new IllegalArgumentException("'%s' is no resume token".formatted(data));
    }
  }

  static ResumeToken parse(String text) {
    return new ResumeToken(text);
  }

  /** Reads what Debezium stores: the token as BSON in base 64. */
  static ResumeToken decode(String base64) {
    byte[] bson = Base64.getDecoder().decode(base64);
    int text = Integer.BYTES + FIELD.length + Integer.BYTES;
    if (bson.length < text
        || !Arrays.equals(
            bson, Integer.BYTES, Integer.BYTES + FIELD.length, FIELD, 0, FIELD.length)) {
      throw new IllegalArgumentException("a resume token without the text _data: " + base64);
    }
    int length =
        ByteBuffer.wrap(bson).order(ByteOrder.LITTLE_ENDIAN).getInt(text - Integer.BYTES) - 1;
    return new ResumeToken(new String(bson, text, length, StandardCharsets.US_ASCII));
  }

  /** Seconds and count of the operation that the change belongs to, in comparable form. */
  String clusterTime() {
    return data.substring(0, CLUSTER_TIME_LENGTH);
  }

  /** The end of all that was before the operation. */
  ResumeToken beforeItsClusterTime() {
    return new ResumeToken(clusterTime());
  }

  @Override
  public boolean contains(Position other) {
    return other instanceof ResumeToken token && data.compareTo(token.data) >= 0;
  }

  @Override
  public String toString() {
    return data;
  }
}
