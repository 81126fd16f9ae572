package dev.firn.compaction;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;

/**
 * A file in the folder for temporary files, to be written once and read after that. It has no name
 * there, so that it is gone with the process however that ends.
 */
final class SpillFile implements OutputFile, InputFile, Closeable {
  private final FileChannel channel;

  private SpillFile(FileChannel channel) {
    this.channel = channel;
  }

  static SpillFile make() throws IOException {
    Path file = Files.createTempFile("firn-sort-", ".avro");
    try {
      return new SpillFile(
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Override
  public String location() {
    return "a file without a name in " + System.getProperty("java.io.tmpdir");
  }

  @Override
  public PositionOutputStream create() {
    return new Output();
  }

  @Override
  public PositionOutputStream createOrOverwrite() {
    return new Output();
  }

  @Override
  public InputFile toInputFile() {
    return this;
  }

  @Override
  public long getLength() {
    try {
      return channel.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public SeekableInputStream newStream() {
    return new Input();
  }

  @Override
  public boolean exists() {
    return channel.isOpen();
  }

  /** Gives its place back. */
  @Override
  public void close() throws IOException {
    channel.close();
  }

  private final class Output extends PositionOutputStream {
    private long position;

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
      while (buffer.hasRemaining()) {
        position += channel.write(buffer, position);
      }
    }
  }

  private final class Input extends SeekableInputStream {
    private long position;

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void seek(long to) {
      position = to;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      int read = channel.read(ByteBuffer.wrap(bytes, from, length), position);
      position += Math.max(0, read);
      return read;
    }
  }
}
