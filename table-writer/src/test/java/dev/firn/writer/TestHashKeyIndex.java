package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestHashKeyIndex {
  private static final KeyIndex.Liveness ALL = (file, position) -> true;

  @TempDir private Path folder;

  /** Few distinct low words, so that probe sequences run into each other. */
  private static RowKey key(int i) {
    return new RowKey(i, i % 7);
  }

  @Test
  void behavesLikeAMapOfLists() {
    behavesLikeAMapOfLists(new HashKeyIndex(KeyMemory.heap()));
  }

  @Test
  void behavesTheSameInAFile() throws IOException {
    behavesLikeAMapOfLists(new HashKeyIndex(new KeyMemory(0, folder)));

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).as("files have no name once they are open").isEmpty();
    }
  }

  @Test
  void growsOutOfTheHeapAndComesBack() {
    KeyMemory memory = new KeyMemory(1 << 20, folder);
    KeyIndex large = new HashKeyIndex(memory);
    for (int i = 0; i < 100_000; i++) {
      large.add(new RowKey(i, 0x9E3779B97F4A7C15L * i), new RowLocation(0, i, i));
    }
    for (int i = 0; i < 100_000; i += 999) {
      assertThat(large.find(new RowKey(i, 0x9E3779B97F4A7C15L * i), ALL))
          .isEqualTo(new RowLocation(0, i, i));
    }
    large.clear();

    assertThat(memory.slots(16_384).heapBytes()).as("what was freed").isEqualTo(16_384 * 32);
  }

  @Test
  void saysWhereAFileDoesNotFit() {
    assertThatThrownBy(() -> MappedKeySlots.requireRoom(folder, Long.MAX_VALUE))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("key-index.folder")
        .hasMessageContaining(folder.toString());
  }

  private void behavesLikeAMapOfLists(KeyIndex index) {
    Map<RowKey, List<RowLocation>> model = new HashMap<>();
    Random random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      RowKey key = key(random.nextInt(300));
      List<RowLocation> places = model.computeIfAbsent(key, k -> new ArrayList<>());
      if (random.nextBoolean() || places.isEmpty()) {
        RowLocation place = new RowLocation(i % 5, i, random.nextInt(100) - 1);
        index.add(key, place);
        places.add(place);
      } else {
        index.remove(key, places.remove(random.nextInt(places.size())));
      }
    }
    long expected = 0;
    for (Map.Entry<RowKey, List<RowLocation>> entry : model.entrySet()) {
      expected += entry.getValue().size();
      for (RowLocation place : entry.getValue()) {
        KeyIndex.Liveness onlyThis =
            (file, position) -> file == place.fileId() && position == place.position();
        assertThat(index.find(entry.getKey(), onlyThis)).isEqualTo(place);
      }
      if (entry.getValue().isEmpty()) {
        assertThat(index.find(entry.getKey(), ALL)).isNull();
      }
    }
    assertThat(index.size()).isEqualTo(expected);
  }

  @Test
  void clearForgetsAll() {
    KeyIndex index = new HashKeyIndex(KeyMemory.heap());
    for (int i = 0; i < 1_000; i++) {
      index.add(key(i), new RowLocation(0, i, RowLocation.INHERITED));
    }
    index.clear();
    assertThat(index.size()).isZero();
    assertThat(index.find(key(1), ALL)).isNull();
  }
}
