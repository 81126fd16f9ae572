package dev.firn.compaction.health;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.ContentFileUtil;
import org.apache.iceberg.util.PartitionMap;
import org.apache.iceberg.util.ScanTaskUtil;
import org.jspecify.annotations.Nullable;

/**
 * The live files of a table's current snapshot, each manifest read once.
 *
 * <p>Nothing is planned: matching every equality delete with every data file would never end on the
 * tables that need to be looked at most.
 */
final class FileCount {
  /** Without the metrics of columns, which are most of a manifest. */
  private static final List<String> COLUMNS =
      List.of(
          "content", "file_path", "file_format", "partition", "record_count", "file_size_in_bytes");

  private final Table table;
  private final List<ManifestFile> manifests = new ArrayList<>();

  private long storedRows;
  private final LongStream.Builder sizes = LongStream.builder();
  private long[] sortedSizes = {};

  /** What deletes can apply to; of a table without any, nothing is kept. */
  private boolean hasDeletes;

  private final Set<String> live = new HashSet<>();
  private final PartitionMap<Sequences> sequences;
  private final Sequences allSequences = new Sequences();

  private long deletedRows;
  private long vectors;
  private long vectorBytes;
  private long positionDeleteFiles;
  private long positionDeleteBytes;
  private long equalityDeleteFiles;
  private long equalityDeleteRows;
  private long equalityDeleteBytes;
  private long deleteReads;
  private long deleteReadBytes;

  /** The sequence numbers of data files. */
  private static final class Sequences {
    private final LongStream.Builder added = LongStream.builder();
    private long @Nullable [] sorted;

    void add(DataFile file) {
      added.add(sequence(file));
    }

    /** How many are older. */
    long before(long sequence) {
      if (sorted == null) {
        sorted = added.build().sorted().toArray();
      }
      int low = 0;
      int high = sorted.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (sorted[middle] < sequence) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }

  private FileCount(Table table) {
    this.table = table;
    this.sequences = PartitionMap.create(table.specs());
  }

  /** Reads the manifests of the snapshot that the table has as it is loaded. */
  static FileCount of(Table table) {
    FileCount count = new FileCount(table);
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot != null) {
      count.read(snapshot);
    }
    count.sortedSizes = count.sizes.build().sorted().toArray();
    return count;
  }

  private void read(Snapshot snapshot) {
    List<ManifestFile> deletes = alive(snapshot.deleteManifests(table.io()));
    List<ManifestFile> data = alive(snapshot.dataManifests(table.io()));
    hasDeletes = !deletes.isEmpty();
    data.forEach(this::readData);
    deletes.forEach(this::readDeletes);
    manifests.addAll(data);
    manifests.addAll(deletes);
  }

  private static List<ManifestFile> alive(List<ManifestFile> manifests) {
    return manifests.stream()
        .filter(manifest -> manifest.hasAddedFiles() || manifest.hasExistingFiles())
        .toList();
  }

  private void readData(ManifestFile manifest) {
    try (ManifestReader<DataFile> reader =
        ManifestFiles.read(manifest, table.io(), table.specs()).select(COLUMNS)) {
      reader.forEach(this::add);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private void readDeletes(ManifestFile manifest) {
    try (ManifestReader<DeleteFile> reader =
        ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
      reader.forEach(this::add);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private UncheckedIOException unreadable(IOException e) {
    return new UncheckedIOException("Cannot read the manifests of " + table.name(), e);
  }

  private void add(DataFile file) {
    storedRows += file.recordCount();
    sizes.add(file.fileSizeInBytes());
    if (hasDeletes) {
      live.add(file.location());
      allSequences.add(file);
      sequences.computeIfAbsent(file.specId(), file.partition(), Sequences::new).add(file);
    }
  }

  private void add(DeleteFile file) {
    switch (file.content()) {
      case POSITION_DELETES -> addPositions(file);
      case EQUALITY_DELETES -> addEquality(file);
      case DATA, DATA_MANIFEST, DELETE_MANIFEST ->
          throw new IllegalStateException("no delete file: " + file.location());
    }
  }

  private void addPositions(DeleteFile file) {
    long bytes = ScanTaskUtil.contentSizeInBytes(file);
    boolean isVector = ContentFileUtil.isDV(file);
    if (isVector) {
      vectors++;
      vectorBytes += bytes;
    } else {
      positionDeleteFiles++;
      positionDeleteBytes += bytes;
    }
    if (hidesSomething(file)) {
      deletedRows += file.recordCount();
      // A vector is a range of its file; positions lie in a file with a footer.
      deleteReads += isVector ? 1 : 1 + ReadCost.requests(bytes);
      deleteReadBytes += bytes;
    }
  }

  /** One that is left behind by a data file that is gone hides nothing, and no reader opens it. */
  private boolean hidesSomething(DeleteFile file) {
    @Nullable String of = ContentFileUtil.referencedDataFileLocation(file);
    return of == null || live.contains(of);
  }

  /** Each data file that is older asks for it anew. */
  private void addEquality(DeleteFile file) {
    equalityDeleteFiles++;
    equalityDeleteRows += file.recordCount();
    equalityDeleteBytes += file.fileSizeInBytes();
    long readers = readers(file);
    deleteReads += readers * (1 + ReadCost.requests(file.fileSizeInBytes()));
    deleteReadBytes += readers * file.fileSizeInBytes();
  }

  private long readers(DeleteFile file) {
    PartitionSpec spec = table.specs().get(file.specId());
    boolean isGlobal = spec == null || spec.isUnpartitioned();
    Sequences among = isGlobal ? allSequences : partition(file.specId(), file.partition());
    return among.before(sequence(file));
  }

  private Sequences partition(int spec, StructLike partition) {
    @Nullable Sequences found = sequences.get(spec, partition);
    return found == null ? new Sequences() : found;
  }

  /** Files of format v1 have none. */
  private static long sequence(ContentFile<?> file) {
    @Nullable Long sequence = file.dataSequenceNumber();
    return sequence == null ? 0 : sequence;
  }

  /** Those of the current snapshot that name live files. */
  List<ManifestFile> manifests() {
    return manifests;
  }

  TableHealth.Files files(HealthSettings settings) {
    return new TableHealth.Files(
        storedRows - hiddenRows(),
        storedRows,
        sortedSizes.length,
        LongStream.of(sortedSizes).sum(),
        median(),
        LongStream.of(sortedSizes).filter(bytes -> bytes < settings.smallBytes()).count());
  }

  /** Two position deletes may name one row, so that they are no more than the rows there are. */
  private long hiddenRows() {
    return Math.min(deletedRows, storedRows);
  }

  private long median() {
    int files = sortedSizes.length;
    return files == 0 ? 0 : Math.ceilDiv(sortedSizes[(files - 1) / 2] + sortedSizes[files / 2], 2);
  }

  TableHealth.Deletes deletes() {
    return new TableHealth.Deletes(
        hiddenRows(),
        vectors,
        vectorBytes,
        positionDeleteFiles,
        positionDeleteBytes,
        equalityDeleteFiles,
        equalityDeleteRows,
        equalityDeleteBytes);
  }

  /** In bytes, smallest first. */
  long[] sizes() {
    return Arrays.copyOf(sortedSizes, sortedSizes.length);
  }

  /** Requests by which a full scan reads delete files. */
  long deleteReads() {
    return deleteReads;
  }

  /** Bytes of delete files that a full scan reads, some of them several times. */
  long deleteReadBytes() {
    return deleteReadBytes;
  }
}
