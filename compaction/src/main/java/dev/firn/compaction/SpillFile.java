package dev.firn.compaction;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;

/**
 * A file in the folder for temporary files. It has no name there, so that it is gone with the
 * process however that ends.
 */
final class SpillFile implements OutputFile, InputFile, Closeable {
  private static final int CHUNK = 1 << 16;

  private final FileChannel channel;

  private SpillFile(FileChannel channel) {
    this.channel = channel;
  }

  static SpillFile make() throws IOException {
    Path file = Files.createTempFile("firn-sort-", ".tmp");
    try {
      return new SpillFile(
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /**
   * As many equal numbers, which can be changed, also when the file is closed. They are written
   * first: a mapped file for which there is no room would end the process.
   */
  LongBuffer longs(int count, long value) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(CHUNK).order(ByteOrder.nativeOrder());
    while (some.hasRemaining()) {
      some.putLong(value);
    }
    long length = (long) Long.BYTES * count;
    try (Output out = new Output()) {
      while (out.position < length) {
        out.write(some.array(), 0, (int) Math.min(CHUNK, length - out.position));
      }
    }
    return channel
        .map(FileChannel.MapMode.READ_WRITE, 0, length)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer();
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
