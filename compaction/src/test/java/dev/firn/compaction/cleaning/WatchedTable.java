package dev.firn.compaction.cleaning;

import java.io.IOException;
import java.util.function.Consumer;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.io.BulkDeletionFailureException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SupportsBulkOperations;
import org.apache.iceberg.io.SupportsPrefixOperations;

/** A table whose file I/O tells each step before it is taken; who hears it may throw. */
final class WatchedTable {
  private WatchedTable() {}

  /**
   * @param before hears {@code refresh}, and {@code read}, {@code write}, {@code close}, {@code
   *     list} and {@code delete}, each with a blank and a location
   */
  static Table of(Table table, Consumer<String> before) {
    TableOperations operations = ((HasTableOperations) table).operations();
    return over(table, new WatchedIO((SupportsPrefixOperations) operations.io(), before), before);
  }

  /** A table on a storage that can only read, write and delete. */
  static Table plain(Table table) {
    return over(table, new PlainIO(table.io()), step -> {});
  }

  private static Table over(Table table, FileIO io, Consumer<String> before) {
    TableOperations operations = ((HasTableOperations) table).operations();
    return new BaseTable(new Operations(operations, io, before), table.name());
  }

  private record Operations(TableOperations inner, FileIO io, Consumer<String> before)
      implements TableOperations {
    @Override
    public TableMetadata current() {
      return inner.current();
    }

    @Override
    public TableMetadata refresh() {
      before.accept("refresh");
      return inner.refresh();
    }

    @Override
    public void commit(TableMetadata base, TableMetadata metadata) {
      inner.commit(base, metadata);
    }

    @Override
    public String metadataFileLocation(String name) {
      return inner.metadataFileLocation(name);
    }

    @Override
    public LocationProvider locationProvider() {
      return inner.locationProvider();
    }
  }

  private record PlainIO(FileIO inner) implements FileIO {
    @Override
    public InputFile newInputFile(String location) {
      return inner.newInputFile(location);
    }

    @Override
    public OutputFile newOutputFile(String location) {
      return inner.newOutputFile(location);
    }

    @Override
    public void deleteFile(String location) {
      inner.deleteFile(location);
    }
  }

  private record WatchedIO(SupportsPrefixOperations inner, Consumer<String> before)
      implements SupportsPrefixOperations, SupportsBulkOperations {
    @Override
    public InputFile newInputFile(String location) {
      before.accept("read " + location);
      return inner.newInputFile(location);
    }

    @Override
    public OutputFile newOutputFile(String location) {
      return new WatchedOutput(inner.newOutputFile(location), before);
    }

    @Override
    public void deleteFile(String location) {
      before.accept("delete " + location);
      inner.deleteFile(location);
    }

    @Override
    public void deleteFiles(Iterable<String> locations) {
      int failed = 0;
      for (String location : locations) {
        try {
          deleteFile(location);
        } catch (RuntimeException e) {
          failed++;
        }
      }
      if (failed > 0) {
        throw new BulkDeletionFailureException(failed);
      }
    }

    @Override
    public Iterable<FileInfo> listPrefix(String prefix) {
      before.accept("list " + prefix);
      return inner.listPrefix(prefix);
    }

    @Override
    public void deletePrefix(String prefix) {
      throw new AssertionError("nothing is ever deleted by prefix");
    }
  }

  private record WatchedOutput(OutputFile inner, Consumer<String> before) implements OutputFile {
    @Override
    public PositionOutputStream create() {
      before.accept("write " + inner.location());
      PositionOutputStream out = inner.create();
      return new PositionOutputStream() {
        @Override
        public long getPos() throws IOException {
          return out.getPos();
        }

        @Override
        public void write(int b) throws IOException {
          out.write(b);
        }

        @Override
        public void close() throws IOException {
          before.accept("close " + inner.location());
          out.close();
        }
      };
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      throw new AssertionError("nothing is ever overwritten");
    }

    @Override
    public String location() {
      return inner.location();
    }

    @Override
    public InputFile toInputFile() {
      return inner.toInputFile();
    }
  }
}
