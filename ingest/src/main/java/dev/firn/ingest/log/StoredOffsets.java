package dev.firn.ingest.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.SourceOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The offsets of all partitions of a source, and as the control table keeps them: partition and
 * offset as two objects of JSON, or as two arrays of them.
 *
 * @param byPartition the offset of each partition
 */
public record StoredOffsets(Map<Map<String, Object>, Map<String, Object>> byPartition) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
  private static final JavaType OBJECT =
      JSON.getTypeFactory().constructMapType(LinkedHashMap.class, String.class, Object.class);
  private static final JavaType ARRAY =
      JSON.getTypeFactory().constructCollectionType(List.class, OBJECT);

  public StoredOffsets {
    byPartition = Map.copyOf(byPartition);
  }

  /** Reads what the control table has. */
  public static StoredOffsets of(Optional<SourceOffset> stored) {
    return stored.map(StoredOffsets::of).orElse(new StoredOffsets(Map.of()));
  }

  private static StoredOffsets of(SourceOffset stored) {
    List<Map<String, Object>> partitions = readAll(stored.partition());
    List<Map<String, Object>> offsets = readAll(stored.offset());
    if (partitions.size() != offsets.size()) {
      throw new IllegalArgumentException(
          "%d partitions with %d offsets".formatted(partitions.size(), offsets.size()));
    }
    Map<Map<String, Object>, Map<String, Object>> all = new LinkedHashMap<>();
    for (int i = 0; i < partitions.size(); i++) {
      all.put(partitions.get(i), offsets.get(i));
    }
    return new StoredOffsets(all);
  }

  /** These, with one partition's offset replaced or added. */
  public StoredOffsets with(Map<String, ?> partition, Map<String, Object> offset) {
    Map<Map<String, Object>, Map<String, Object>> all = new LinkedHashMap<>(byPartition);
    all.put(Map.copyOf(partition), offset);
    return new StoredOffsets(all);
  }

  /** The offset of a partition, as Debezium named it, as JSON. */
  public Optional<String> of(Object partition) {
    return Optional.ofNullable(byPartition.get(partition)).map(StoredOffsets::write);
  }

  /** As the control table keeps them. */
  public SourceOffset stored() {
    List<Map<String, Object>> partitions = List.copyOf(byPartition.keySet());
    List<Map<String, Object>> offsets = partitions.stream().map(byPartition::get).toList();
    return partitions.size() == 1
        ? new SourceOffset(write(partitions.getFirst()), write(offsets.getFirst()))
        : new SourceOffset(write(partitions), write(offsets));
  }

  private static List<Map<String, Object>> readAll(String json) {
    try {
      return json.startsWith("[")
          ? JSON.readValue(json, ARRAY)
          : List.of(JSON.<Map<String, Object>>readValue(json, OBJECT));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not an offset: " + json, e);
    }
  }

  private static String write(Object offset) {
    try {
      return JSON.writeValueAsString(offset);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("an offset that is no JSON", e);
    }
  }
}
