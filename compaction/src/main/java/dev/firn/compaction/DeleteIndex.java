package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.util.ContentFileUtil;
import org.apache.iceberg.util.PartitionMap;

/** Which delete files apply to a data file, by the rules of the Iceberg specification. */
final class DeleteIndex {
  private final Map<Integer, PartitionSpec> specs;
  private final Map<String, List<DeleteFile>> byDataFile = new HashMap<>();
  private final PartitionMap<List<DeleteFile>> positions;
  private final PartitionMap<List<DeleteFile>> equality;

  /** Equality deletes that were written without a partition apply to all partitions. */
  private final List<DeleteFile> everywhere = new ArrayList<>();

  DeleteIndex(Map<Integer, PartitionSpec> specs, Collection<LiveDelete> deletes) {
    this.specs = specs;
    this.positions = PartitionMap.create(specs);
    this.equality = PartitionMap.create(specs);
    deletes.stream()
        .sorted(Comparator.comparingLong(delete -> delete.file().dataSequenceNumber()))
        .forEach(this::add);
  }

  private void add(LiveDelete delete) {
    DeleteFile file = delete.file();
    if (delete.isByEquality()) {
      if (isEverywhere(specs, file)) {
        everywhere.add(file);
      } else {
        equality.computeIfAbsent(file.specId(), file.partition(), ArrayList::new).add(file);
      }
    } else if (delete.dataFile() != null) {
      byDataFile.computeIfAbsent(delete.dataFile(), unused -> new ArrayList<>(1)).add(file);
    } else {
      positions.computeIfAbsent(file.specId(), file.partition(), ArrayList::new).add(file);
    }
  }

  static boolean isEverywhere(Map<Integer, PartitionSpec> specs, DeleteFile delete) {
    return requireNonNull(specs.get(delete.specId())).isUnpartitioned();
  }

  /** Vectors and position deletes. */
  List<DeleteFile> positions(DataFile file) {
    List<DeleteFile> own =
        from(byDataFile.getOrDefault(file.location(), List.of()), file.dataSequenceNumber());
    if (own.stream().anyMatch(ContentFileUtil::isDV)) {
      // holds all that the position deletes of the file say
      return own.stream().filter(ContentFileUtil::isDV).toList();
    }
    return joined(own, from(in(positions, file), file.dataSequenceNumber()));
  }

  /** Equality deletes apply only to what is older than they are. */
  List<DeleteFile> equality(DataFile file) {
    long after = file.dataSequenceNumber() + 1;
    return joined(from(everywhere, after), from(in(equality, file), after));
  }

  private static List<DeleteFile> in(PartitionMap<List<DeleteFile>> deletes, DataFile file) {
    List<DeleteFile> found = deletes.get(file.specId(), file.partition());
    return found == null ? List.of() : found;
  }

  /** A view: thousands of data files share the list of their partition. */
  private static List<DeleteFile> from(List<DeleteFile> ascending, long sequenceNumber) {
    int low = 0;
    int high = ascending.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sequence(ascending.get(middle)) < sequenceNumber) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == ascending.size() ? List.of() : ascending.subList(low, ascending.size());
  }

  private static long sequence(ContentFile<?> file) {
    return file.dataSequenceNumber();
  }

  private static List<DeleteFile> joined(List<DeleteFile> some, List<DeleteFile> others) {
    if (some.isEmpty() || others.isEmpty()) {
      return some.isEmpty() ? others : some;
    }
    List<DeleteFile> all = new ArrayList<>(some);
    all.addAll(others);
    return all;
  }
}
