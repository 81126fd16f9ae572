package dev.firn.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What comes before a request's content, for proxies that pass on what they do not understand.
 *
 * @param text the request line and all headers, up to and with the empty line
 */
record HttpHead(String text) {
  private static final Pattern LENGTH = Pattern.compile("(?im)^content-length:\\s*(\\d+)\\s*$");
  private static final Pattern CONNECTION = Pattern.compile("(?im)^connection:.*\\r\\n");
  private static final int END = ('\r' << 24) | ('\n' << 16) | ('\r' << 8) | '\n';

  /** The next one; empty when there is nothing more. */
  static Optional<HttpHead> read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (last != END) {
      int b = in.read();
      if (b < 0) {
        return Optional.empty();
      }
      head.write(b);
      last = (last << 8) | b;
    }
    return Optional.of(new HttpHead(head.toString(ISO_8859_1)));
  }

  boolean isMethod(String name) {
    return text.startsWith(name + " ");
  }

  /** Such as {@code /lake/a.parquet?uploads}, or the whole address when it came as to a proxy. */
  String target() {
    return text.split(" ", 3)[1];
  }

  String method() {
    return text.split(" ", 2)[0];
  }

  /** A header's first value. */
  Optional<String> header(String name) {
    String start = name.toLowerCase(Locale.ROOT) + ":";
    return text.lines()
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(start))
        .map(line -> line.substring(start.length()).strip())
        .findFirst();
  }

  /** Bytes of the content that follows. */
  long contentLength() {
    Matcher length = LENGTH.matcher(text);
    return length.find() ? Long.parseLong(requireNonNull(length.group(1))) : 0;
  }

  /** The same, but the server ends the connection after its answer. */
  HttpHead ofOneRequest() {
    String without = CONNECTION.matcher(text).replaceAll("");
    return new HttpHead(without.substring(0, without.length() - 2) + "Connection: close\r\n\r\n");
  }

  /** Sends it, and at the most so many bytes of the content, each part at once. */
  void forward(InputStream content, OutputStream to, long most) throws IOException {
    // The client may wait to be told to send its content.
    to.write(text.getBytes(ISO_8859_1));
    to.flush();
    byte[] buffer = new byte[1 << 13];
    for (long left = Math.min(contentLength(), most); left > 0; ) {
      int read = content.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (read < 0) {
        return;
      }
      to.write(buffer, 0, read);
      to.flush();
      left -= read;
    }
  }
}
