package dev.firn.testing;

import dev.firn.writer.DeletesInPlace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.inmemory.InMemoryInputFile;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;
import org.apache.iceberg.io.SupportsPrefixOperations;

/**
 * Files in memory, which appear as a whole when they are closed and fail as {@link Faults} says.
 */
public final class FaultyFileIO implements DeletesInPlace, SupportsPrefixOperations {
  private static final long serialVersionUID = 1;

  private final transient MemoryStorage storage;
  private final transient Faults faults;

  public FaultyFileIO(MemoryStorage storage, Faults faults) {
    this.storage = storage;
    this.faults = faults;
  }

  @Override
  public InputFile newInputFile(String location) {
    return new FaultyInput(location);
  }

  @Override
  public OutputFile newOutputFile(String location) {
    return new FaultyOutput(location, Steps.of(location));
  }

  @Override
  public void deleteFile(String location) {
    // As object stores do: it is no error when the file is gone already.
    boolean unused = faults.pass(FaultPoint.DELETE, location, () -> storage.delete(location));
  }

  /** As object stores do: by the letters with which locations begin; listing is reading. */
  @Override
  public Iterable<FileInfo> listPrefix(String prefix) {
    return faults.pass(FaultPoint.READ, prefix, () -> storage.list(prefix));
  }

  @Override
  public void deletePrefix(String prefix) {
    listPrefix(prefix).forEach(file -> deleteFile(file.location()));
  }

  /** The steps by which a file of one kind comes to be; its name tells the kind. */
  private record Steps(FaultPoint create, FaultPoint close) {
    static Steps of(String location) {
      String name = location.substring(location.lastIndexOf('/') + 1);
      if (name.endsWith(".metadata.json")) {
        return new Steps(FaultPoint.METADATA_CREATE, FaultPoint.METADATA_CLOSE);
      }
      if (name.endsWith(".avro")) {
        return name.startsWith("snap-")
            ? new Steps(FaultPoint.MANIFEST_LIST_CREATE, FaultPoint.MANIFEST_LIST_CLOSE)
            : new Steps(FaultPoint.MANIFEST_CREATE, FaultPoint.MANIFEST_CLOSE);
      }
      if (name.endsWith(".puffin") || name.contains("delete")) {
        return new Steps(FaultPoint.VECTOR_CREATE, FaultPoint.VECTOR_CLOSE);
      }
      return new Steps(FaultPoint.DATA_FILE_CREATE, FaultPoint.DATA_FILE_CLOSE);
    }
  }

  private final class FaultyInput implements InputFile {
    private final String location;

    FaultyInput(String location) {
      this.location = location;
    }

    @Override
    public long getLength() {
      faults.checkAlive();
      return content().length;
    }

    @Override
    public SeekableInputStream newStream() {
      return faults.pass(
          FaultPoint.READ, location, () -> new InMemoryInputFile(location, content()).newStream());
    }

    @Override
    public String location() {
      return location;
    }

    @Override
    public boolean exists() {
      faults.checkAlive();
      return storage.file(location).isPresent();
    }

    private byte[] content() {
      return storage
          .file(location)
          .orElseThrow(() -> new NotFoundException("No such file: %s", location));
    }
  }

  private final class FaultyOutput implements OutputFile {
    private final String location;
    private final Steps steps;

    FaultyOutput(String location, Steps steps) {
      this.location = location;
      this.steps = steps;
    }

    @Override
    public PositionOutputStream create() {
      if (storage.file(location).isPresent()) {
        throw new AlreadyExistsException("File exists: %s", location);
      }
      return createOrOverwrite();
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      return faults.pass(steps.create(), location, () -> new Output(location, steps.close()));
    }

    @Override
    public String location() {
      return location;
    }

    @Override
    public InputFile toInputFile() {
      return newInputFile(location);
    }
  }

  private final class Output extends PositionOutputStream {
    private final String location;
    private final FaultPoint close;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private boolean closed;

    Output(String location, FaultPoint close) {
      this.location = location;
      this.close = close;
    }

    @Override
    public long getPos() {
      return content.size();
    }

    @Override
    public void write(int b) {
      content.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      content.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      try {
        faults.pass(close, location, this::appear);
      } catch (UncheckedIOException e) {
        throw new IOException(e.getMessage(), e);
      }
    }

    private boolean appear() {
      storage.write(location, content.toByteArray());
      return true;
    }
  }
}
