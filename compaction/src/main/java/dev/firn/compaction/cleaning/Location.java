package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a file or a folder is, whichever way that was written: {@code file:/x}, {@code file:///x}
 * and {@code /x} are one place, and so are {@code s3}, {@code s3a} and {@code s3n}.
 *
 * @param scheme small letters; {@code file} for plain paths
 * @param segments the path's; none is {@code .} or {@code ..}
 */
record Location(String scheme, String authority, List<String> segments) {
  private static final Pattern FORM =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(?://([^/]*))?(.*)", Pattern.DOTALL);
  private static final String LOCAL = "file";

  /** How often an encoding may have been encoded once more. */
  private static final int ENCODINGS = 4;

  Location {
    segments = List.copyOf(segments);
  }

  /** Nothing for what cannot be compared: a relative path, and one that has {@code ..} in it. */
  static Optional<Location> of(String text) {
    Parts parts = Parts.of(text);
    // The local file I/O takes what begins with "file:" as a URI.
    String path = parts.isLocalUri() ? decodedOnce(parts.path) : parts.path;
    if (!path.startsWith("/") && (parts.scheme.equals(LOCAL) || !path.isEmpty())) {
      return Optional.empty();
    }
    List<String> segments =
        Arrays.stream(path.split("/"))
            .skip(1)
            // Object stores know names that are empty, file systems do not.
            .filter(segment -> !segment.isEmpty() || !parts.scheme.equals(LOCAL))
            .toList();
    return segments.contains("..") || segments.contains(".")
        ? Optional.empty()
        : Optional.of(new Location(parts.scheme, parts.authority, segments));
  }

  /** Of a file system or of a bucket. */
  boolean isRoot() {
    return segments.isEmpty();
  }

  /** Whether the other lies in it, at any depth; nothing lies in itself. */
  boolean contains(Location other) {
    return scheme.equals(other.scheme)
        && authority.equals(other.authority)
        && other.segments.size() > segments.size()
        && other.segments.subList(0, segments.size()).equals(segments);
  }

  /** The other's segments after these; empty: it does not lie in it. */
  Optional<List<String>> below(Location other) {
    return contains(other)
        ? Optional.of(other.segments.subList(segments.size(), other.segments.size()))
        : Optional.empty();
  }

  /**
   * Equal for two texts that may mean one place on any storage, be it one that knows no case: so it
   * may be equal for two places, too.
   */
  static String identity(String text) {
    Parts parts = Parts.of(decoded(text));
    Deque<String> segments = new ArrayDeque<>();
    for (String segment : parts.path.split("/", -1)) {
      if (segment.equals("..")) {
        segments.pollLast();
      } else if (!segment.isEmpty() && !segment.equals(".")) {
        segments.addLast(segment);
      }
    }
    String joined =
        "%s://%s/%s".formatted(parts.scheme, parts.authority, String.join("/", segments));
    return Normalizer.normalize(joined.toLowerCase(Locale.ROOT), Normalizer.Form.NFC);
  }

  /** Whether the one may be the other or lie in it, judged by their {@linkplain #identity}. */
  static boolean mayCover(String folderIdentity, String identity) {
    String folder = folderIdentity.endsWith("/") ? folderIdentity : folderIdentity + "/";
    return identity.equals(folderIdentity) || identity.startsWith(folder);
  }

  /** The last segment of an {@linkplain #identity}. */
  static String name(String identity) {
    return identity.substring(identity.lastIndexOf('/') + 1);
  }

  private record Parts(boolean hasScheme, String scheme, String authority, String path) {
    static Parts of(String text) {
      Matcher form = FORM.matcher(text);
      if (!form.matches()) {
        return new Parts(false, LOCAL, "", text);
      }
      String scheme = alike(requireNonNull(form.group(1)).toLowerCase(Locale.ROOT));
      String authority = Optional.ofNullable(form.group(2)).orElse("").toLowerCase(Locale.ROOT);
      boolean here = scheme.equals(LOCAL) && authority.equals("localhost");
      return new Parts(true, scheme, here ? "" : authority, requireNonNull(form.group(3)));
    }

    boolean isLocalUri() {
      return hasScheme && scheme.equals(LOCAL);
    }
  }

  private static String alike(String scheme) {
    return switch (scheme) {
      case "s3a", "s3n" -> "s3";
      case "abfss", "wasb", "wasbs" -> "abfs";
      default -> scheme;
    };
  }

  /** A listing may encode what the metadata does not, or encode it once more. */
  private static String decoded(String text) {
    String decoded = text;
    for (int i = 0; i < ENCODINGS && decoded.indexOf('%') >= 0; i++) {
      decoded = decodedOnce(decoded);
    }
    return decoded;
  }

  /** What is no encoding stays as it is. */
  private static String decodedOnce(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      int value = bytes[i] == '%' && i + 2 < bytes.length ? hex(bytes[i + 1], bytes[i + 2]) : -1;
      decoded.write(value < 0 ? bytes[i] : value);
      i += value < 0 ? 0 : 2;
    }
    return decoded.toString(StandardCharsets.UTF_8);
  }

  private static int hex(byte high, byte low) {
    int first = Character.digit(high, 16);
    int second = Character.digit(low, 16);
    return first < 0 || second < 0 ? -1 : first << 4 | second;
  }
}
