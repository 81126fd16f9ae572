package dev.firn.writer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.jspecify.annotations.Nullable;

/**
 * Files of a local disk, each complete or absent: written aside, synced, then renamed.
 *
 * <p>Locations are absolute paths or {@code file:} URIs. A crash leaves at most a file that ends in
 * {@value #UNFINISHED}. Folders are not synced: a journaling file system makes names durable in the
 * order in which they came, and what comes last is the catalog's own sync.
 */
public final class LocalFileIO implements SupportsPrefixOperations, DeletesInPlace {
  private static final long serialVersionUID = 1;

  /** How the name of a file ends that was not finished; it begins with a dot. */
  public static final String UNFINISHED = ".unfinished";

  private transient Map<String, String> properties = Map.of();

  /** Made by name: {@code io-impl}. */
  public LocalFileIO() {}

  @Override
  public void initialize(Map<String, String> newProperties) {
    this.properties = Map.copyOf(newProperties);
  }

  @Override
  public Map<String, String> properties() {
    return properties;
  }

  @Override
  public InputFile newInputFile(String location) {
    return new NamedInput(location);
  }

  @Override
  public OutputFile newOutputFile(String location) {
    return new LocalOutput(location);
  }

  @Override
  public void deleteFile(String location) {
    try {
      Files.delete(path(location));
    } catch (NoSuchFileException e) {
      throw new NotFoundException(e, "File does not exist: %s", location);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete %s".formatted(location), e);
    }
  }

  /** Files that come or go meanwhile may be among them or not; links are not, nor followed. */
  @Override
  public Iterable<FileInfo> listPrefix(String prefix) {
    Path folder = path(prefix);
    if (!Files.exists(folder)) {
      return List.of();
    }
    List<FileInfo> files = new ArrayList<>();
    boolean uri = prefix.startsWith("file:");
    try {
      // The folder itself may be a link.
      Path real = folder.toRealPath();
      Files.walkFileTree(
          real,
          new RegularFiles((file, attributes) -> {
            Path asked = folder.resolve(real.relativize(file));
            files.add(
                new FileInfo(
                    uri ? asked.toUri().toString() : asked.toString(),
                    attributes.size(),
                    attributes.lastModifiedTime().toMillis()));
          }));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list %s".formatted(prefix), e);
    }
    return files;
  }

  @Override
  public void deletePrefix(String prefix) {
    Path folder = path(prefix);
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete %s".formatted(prefix), e);
    }
  }

  static Path path(String location) {
    return location.startsWith("file:") ? Path.of(URI.create(location)) : Path.of(location);
  }

  private static final class RegularFiles extends SimpleFileVisitor<Path> {
    private final BiConsumer<Path, BasicFileAttributes> each;

    RegularFiles(BiConsumer<Path, BasicFileAttributes> each) {
      this.each = each;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.isRegularFile()) {
        each.accept(file, attributes);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw failure;
    }
  }

  /** Iceberg's own local input under the location that it was asked for. */
  private static final class NamedInput implements InputFile {
    private final String location;
    private final InputFile file;

    NamedInput(String location) {
      this.location = location;
      this.file = org.apache.iceberg.Files.localInput(path(location).toFile());
    }

    @Override
    public long getLength() {
      return file.getLength();
    }

    @Override
    public org.apache.iceberg.io.SeekableInputStream newStream() {
      return file.newStream();
    }

    @Override
    public String location() {
      return location;
    }

    @Override
    public boolean exists() {
      return Files.exists(path(location));
    }
  }

  private record LocalOutput(String location) implements OutputFile {
    @Override
    public PositionOutputStream create() {
      if (Files.exists(path(location))) {
        throw new AlreadyExistsException("File already exists: %s", location);
      }
      return stream(false);
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      return stream(true);
    }

    @Override
    public InputFile toInputFile() {
      return new NamedInput(location);
    }

    private PositionOutputStream stream(boolean overwrite) {
      Path file = path(location);
      try {
        Files.createDirectories(parent(file));
        return new DurableStream(file, overwrite);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot create %s".formatted(location), e);
      }
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("%s is no file".formatted(file));
    }
    return parent;
  }

  /** Becomes visible under its name when it is closed, and only then. */
  private static final class DurableStream extends PositionOutputStream {
    private final Path file;
    private final Path aside;
    private final boolean overwrite;
    private final FileChannel channel;
    private @Nullable OutputStream out;
    private long position;

    DurableStream(Path file, boolean overwrite) throws IOException {
      this.file = file;
      this.aside =
          file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + UNFINISHED);
      this.overwrite = overwrite;
      this.channel =
          FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      this.out = new BufferedOutputStream(Channels.newOutputStream(channel));
    }

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void write(int b) throws IOException {
      open().write(b);
      position++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      open().write(bytes, offset, length);
      position += length;
    }

    @Override
    public void flush() throws IOException {
      open().flush();
    }

    @Override
    public void close() throws IOException {
      if (out == null) {
        return;
      }
      try (OutputStream closing = out) {
        out = null;
        closing.flush();
        channel.force(true);
      }
      if (overwrite) {
        Files.move(
            aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        linkNew();
      }
    }

    /** A hard link, unlike a rename, refuses a name that exists. */
    private void linkNew() throws IOException {
      try {
        Files.createLink(file, aside);
      } catch (FileAlreadyExistsException e) {
        Files.delete(aside);
        throw new AlreadyExistsException(e, "File already exists: %s", file);
      } catch (UnsupportedOperationException e) {
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
      Files.delete(aside);
    }

    private OutputStream open() throws IOException {
      if (out == null) {
        throw new IOException("%s is closed".formatted(file));
      }
      return out;
    }
  }
}
