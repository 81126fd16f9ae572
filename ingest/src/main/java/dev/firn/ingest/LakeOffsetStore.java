package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.log.StoredOffsets;
import dev.firn.writer.SourceOffset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Gives Debezium the offset that the lake holds.
 *
 * <p>What Debezium stores here lasts as long as the process: the durable offset is the one that
 * each batch commits to the control table, and nothing is acknowledged before that.
 */
public final class LakeOffsetStore implements OffsetBackingStore {
  /** Debezium makes the store itself, by its class's name; the pipeline leaves its offset here. */
  private static volatile Supplier<Optional<SourceOffset>> resumeFrom = Optional::empty;

  private static volatile boolean trustsPlaces = true;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<ByteBuffer, ByteBuffer> acknowledged = new ConcurrentHashMap<>();
  private final Supplier<Optional<SourceOffset>> lake = resumeFrom;
  private final boolean keeps = trustsPlaces;

  /** Sets from where an engine that starts from now on resumes. */
  static void resumeFrom(Optional<SourceOffset> offset) {
    resumeFrom = () -> offset;
    trustsPlaces = true;
  }

  /**
   * Sets what an engine goes on with whose records' offsets may be those of events that come after
   * them: each start of its task gets what the lake holds then, whatever was acknowledged.
   */
  static void resumeFromLake(Supplier<Optional<SourceOffset>> lake) {
    resumeFrom = lake;
    trustsPlaces = false;
  }

  @Override
  public void start() {}

  @Override
  public void stop() {}

  @Override
  public Future<Map<ByteBuffer, ByteBuffer>> get(Collection<ByteBuffer> keys) {
    Map<ByteBuffer, ByteBuffer> offsets = new HashMap<>();
    StoredOffsets stored = StoredOffsets.of(lake.get());
    for (ByteBuffer key : keys) {
      ByteBuffer offset = acknowledged.get(key);
      if (offset == null) {
        offset = stored.of(partition(key)).map(LakeOffsetStore::bytes).orElse(null);
      }
      offsets.put(key, offset);
    }
    return CompletableFuture.completedFuture(offsets);
  }

  @Override
  public Future<Void> set(Map<ByteBuffer, ByteBuffer> offsets, @Nullable Callback<Void> callback) {
    if (keeps) {
      acknowledged.putAll(offsets);
    }
    if (callback != null) {
      callback.onCompletion(null, null);
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public Set<Map<String, Object>> connectorPartitions(String connectorName) {
    return Set.of();
  }

  @Override
  public void configure(WorkerConfig config) {}

  /** The partition in a key, which is the JSON array of engine and partition. */
  private static Object partition(ByteBuffer key) {
    try {
      List<Object> parts =
          JSON.readValue(
              StandardCharsets.UTF_8.decode(key.duplicate()).toString(),
              new TypeReference<List<Object>>() {});
      if (parts.size() == 2) {
        return parts.get(1);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("not a key of an offset", e);
    }
    throw new IllegalArgumentException("not a key of an offset");
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
