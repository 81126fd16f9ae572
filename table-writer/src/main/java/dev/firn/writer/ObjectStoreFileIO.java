package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.inmemory.InMemoryInputFile;
import org.apache.iceberg.io.DelegateFileIO;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;
import org.apache.iceberg.io.StorageCredential;
import org.apache.iceberg.io.SupportsBulkOperations;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.apache.iceberg.io.SupportsStorageCredentials;
import org.jspecify.annotations.Nullable;

/**
 * Files of an object store through one of Iceberg's own {@link FileIO}, with no request that tells
 * what this process knows: metadata that it has written or read is not fetched again, and files
 * that are new by their names are written without a look whether they are there.
 */
public final class ObjectStoreFileIO implements DelegateFileIO, SupportsStorageCredentials {
  private static final long serialVersionUID = 1;

  /** A property: the {@link FileIO} that makes the requests. */
  static final String ASKED = "firn.io-impl";

  private static final Set<String> KNOWN =
      Set.of("org.apache.iceberg.aws.s3.S3FileIO", "org.apache.iceberg.io.ResolvingFileIO");

  /** One for the process: a REST catalog may give each table a FileIO of its own. */
  private static final WrittenMetadata METADATA =
      WrittenMetadata.partOf(Runtime.getRuntime().maxMemory());

  private @Nullable FileIO asked;
  private List<StorageCredential> credentials = List.of();

  /** Made by name: {@code io-impl}. */
  public ObjectStoreFileIO() {}

  /** Whether it can stand before a FileIO. */
  static boolean canAsk(String fileIo) {
    return KNOWN.contains(fileIo);
  }

  @Override
  public void initialize(Map<String, String> properties) {
    String implementation = requireNonNull(properties.get(ASKED), ASKED);
    asked = CatalogUtil.loadFileIO(implementation, properties, new Configuration(), credentials);
  }

  @Override
  public void setCredentials(List<StorageCredential> vended) {
    credentials = List.copyOf(vended);
    if (asked instanceof SupportsStorageCredentials taking) {
      taking.setCredentials(credentials);
    }
  }

  @Override
  public List<StorageCredential> credentials() {
    return credentials;
  }

  private FileIO asked() {
    return requireNonNull(asked, "not initialized");
  }

  @Override
  public Map<String, String> properties() {
    return asked().properties();
  }

  @Override
  public InputFile newInputFile(String location) {
    Uploads.settle(location);
    return input(asked().newInputFile(location));
  }

  @Override
  public InputFile newInputFile(String location, long length) {
    Uploads.settle(location);
    InputFile file = asked().newInputFile(location, length);
    return length > METADATA.largestFile() ? file : input(file);
  }

  private static InputFile input(InputFile file) {
    return isMetadata(file.location()) ? new ReadOnce(file) : file;
  }

  @Override
  public OutputFile newOutputFile(String location) {
    return new NewFile(asked().newOutputFile(location));
  }

  /** By such a file others become part of a table. */
  private static boolean isOfOthers(String location) {
    return location.endsWith(".metadata.json")
        || location.substring(location.lastIndexOf('/') + 1).startsWith("snap-");
  }

  /** Manifests, manifest lists and a table's metadata: files that are read whole, if at all. */
  private static boolean isMetadata(String location) {
    return location.endsWith(".avro") || location.endsWith(".metadata.json");
  }

  @Override
  public void deleteFile(String location) {
    // What is removed may be on its way.
    Uploads.settle();
    METADATA.remove(location);
    asked().deleteFile(location);
  }

  @Override
  public void deleteFiles(Iterable<String> locations) {
    // What is removed may be on its way.
    Uploads.settle();
    locations.forEach(METADATA::remove);
    ((SupportsBulkOperations) asked()).deleteFiles(locations);
  }

  @Override
  public Iterable<FileInfo> listPrefix(String prefix) {
    return ((SupportsPrefixOperations) asked()).listPrefix(prefix);
  }

  @Override
  public void deletePrefix(String prefix) {
    METADATA.removeBelow(prefix);
    ((SupportsPrefixOperations) asked()).deletePrefix(prefix);
  }

  @Override
  public void close() {
    if (asked != null) {
      asked.close();
    }
  }

  /** A file that is fetched by one request, without asking for its length first. */
  private record ReadOnce(InputFile file) implements InputFile {
    private byte[] content() {
      Uploads.settle(location());
      return METADATA.find(location()).orElseGet(this::fetch);
    }

    private byte[] fetch() {
      try (InputStream in = file.newStream()) {
        byte[] content = in.readAllBytes();
        METADATA.put(location(), content);
        return content;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + location(), e);
      }
    }

    @Override
    public long getLength() {
      return content().length;
    }

    @Override
    public SeekableInputStream newStream() {
      return new InMemoryInputFile(location(), content()).newStream();
    }

    @Override
    public String location() {
      return file.location();
    }

    @Override
    public boolean exists() {
      return file.exists();
    }
  }

  /** A file whose name is given once: whatever made it put a random part into it. */
  private record NewFile(OutputFile file) implements OutputFile {
    @Override
    public PositionOutputStream create() {
      return createOrOverwrite();
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      return new Upload(file.createOrOverwrite(), location());
    }

    @Override
    public String location() {
      return file.location();
    }

    @Override
    public InputFile toInputFile() {
      return input(file.toInputFile());
    }
  }

  /** Keeps metadata for when it is read, from the time on that it is complete. */
  private static final class Upload extends PositionOutputStream {
    private final PositionOutputStream out;
    private final String location;
    private final boolean isKept;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private boolean isClosed;

    Upload(PositionOutputStream out, String location) {
      this.out = out;
      this.location = location;
      this.isKept = isMetadata(location);
    }

    @Override
    public long getPos() throws IOException {
      return out.getPos();
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      if (isToKeep()) {
        content.write(b);
      }
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      out.write(bytes, from, length);
      if (isToKeep()) {
        content.write(bytes, from, length);
      }
    }

    private boolean isToKeep() {
      return isKept && content.size() <= METADATA.largestFile();
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      if (isClosed) {
        return;
      }
      isClosed = true;
      Uploads.close(
          location,
          () -> {
            out.close();
            if (isKept) {
              METADATA.put(location, content.toByteArray());
            }
          });
      if (isOfOthers(location)) {
        Uploads.await();
      }
    }

    @Override
    public long storedLength() throws IOException {
      return out.storedLength();
    }
  }
}
