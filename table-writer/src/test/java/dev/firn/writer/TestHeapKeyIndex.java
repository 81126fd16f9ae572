package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TestHeapKeyIndex {
  private static final KeyIndex.Liveness ALL = (file, position) -> true;

  /** Few distinct low words, so that probe sequences run into each other. */
  private static RowKey key(int i) {
    return new RowKey(i, i % 7);
  }

  @Test
  void behavesLikeAMapOfLists() {
    KeyIndex index = new HeapKeyIndex();
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
    KeyIndex index = new HeapKeyIndex();
    for (int i = 0; i < 1_000; i++) {
      index.add(key(i), new RowLocation(0, i, RowLocation.INHERITED));
    }
    index.clear();
    assertThat(index.size()).isZero();
    assertThat(index.find(key(1), ALL)).isNull();
  }
}
