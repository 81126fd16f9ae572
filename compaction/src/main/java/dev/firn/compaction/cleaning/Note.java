package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.apache.iceberg.util.LocationUtil;

/**
 * A file beside a table's metadata that says which files an expiry may have made unreachable.
 *
 * <p>Text, compressed by gzip: a first line with the table's UUID, then a line for each file with
 * its kind, its bytes and its location, between tabs. Its name tells when it was written.
 *
 * @param written by the clock of whoever expired snapshots
 */
record Note(String location, Instant written) {
  private static final String PREFIX = "firn-unreachable-";
  private static final String SUFFIX = ".txt.gz";
  private static final Pattern NAME =
      Pattern.compile(PREFIX + "(\\d{1,18})-[0-9a-f-]+" + Pattern.quote(SUFFIX));
  private static final String TABLE = "table";

  /** It was not written whole, or by something else. */
  static final class IllegibleException extends Exception {
    private static final long serialVersionUID = 1;

    IllegibleException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  static boolean isNote(String name) {
    return name.startsWith(PREFIX);
  }

  /**
   * The notes that lie in a table's folder, the oldest first.
   *
   * @throws UnsupportedOperationException its storage cannot list files
   */
  static List<Note> all(Table table) {
    if (!(table.io() instanceof SupportsPrefixOperations io)) {
      throw new UnsupportedOperationException("%s lists no files".formatted(table.io().getClass()));
    }
    List<Note> notes = new ArrayList<>();
    for (FileInfo file : io.listPrefix(folder(table) + "/")) {
      String name = file.location().substring(file.location().lastIndexOf('/') + 1);
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches()) {
        notes.add(new Note(file.location(), millis(requireNonNull(matcher.group(1)))));
      }
    }
    notes.sort(Comparator.comparing(Note::written).thenComparing(Note::location));
    return notes;
  }

  private static Instant millis(String text) {
    return Instant.ofEpochMilli(Long.parseLong(text));
  }

  private static String folder(Table table) {
    return LocationUtil.stripTrailingSlash(table.location()) + "/metadata";
  }

  /**
   * Reads it, unless it was written for another table that was at this place.
   *
   * @return whether it is this table's
   * @throws org.apache.iceberg.exceptions.NotFoundException it is gone
   */
  boolean read(Table table, Consumer<FoundFile> each) throws IllegibleException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(table.io().newInputFile(location).newStream()),
                StandardCharsets.UTF_8))) {
      if (!first(table).equals(lines.readLine())) {
        return false;
      }
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        each.accept(parsed(line));
      }
      return true;
    } catch (ZipException | EOFException e) {
      throw new IllegibleException("it is not whole", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read %s".formatted(location), e);
    }
  }

  private static String first(Table table) {
    return "%s\t%s".formatted(TABLE, table.uuid());
  }

  private static FoundFile parsed(String line) throws IllegibleException {
    try {
      String[] parts = line.split("\t", 3);
      return new FoundFile(FileKind.valueOf(parts[0]), Long.parseLong(parts[1]), parts[2]);
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw new IllegibleException("a line of it is no file", e);
    }
  }

  /** Writes one, which is there once it is closed. */
  static final class Writer implements Closeable {
    private final java.io.Writer out;

    /** Begins a note of this table. */
    Writer(Table table, FileIO io, Instant now) {
      String name = PREFIX + now.toEpochMilli() + "-" + UUID.randomUUID() + SUFFIX;
      String location = folder(table) + "/" + name;
      try {
        this.out =
            new BufferedWriter(
                new OutputStreamWriter(
                    new GZIPOutputStream(io.newOutputFile(location).create()),
                    StandardCharsets.UTF_8));
        out.write(first(table) + "\n");
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write %s".formatted(location), e);
      }
    }

    void add(FoundFile file) {
      if (file.location().indexOf('\n') >= 0) {
        // Such a name is never noted: the search for orphans finds it.
        return;
      }
      try {
        out.write("%s\t%d\t%s\n".formatted(file.kind().name(), file.bytes(), file.location()));
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write down %s".formatted(file.location()), e);
      }
    }

    @Override
    public void close() {
      try {
        out.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write which files an expiry leaves behind", e);
      }
    }
  }
}
