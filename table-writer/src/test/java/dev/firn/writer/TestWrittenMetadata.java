package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TestWrittenMetadata {
  private final WrittenMetadata metadata = new WrittenMetadata(10, 6);

  @Test
  void whatWasLookedForLeastGoesFirst() {
    metadata.put("a", new byte[4]);
    metadata.put("b", new byte[4]);
    assertThat(metadata.find("a")).isPresent();
    metadata.put("c", new byte[4]);
    assertThat(metadata.find("b")).isEmpty();
    assertThat(metadata.find("a")).isPresent();
    assertThat(metadata.find("c")).isPresent();
  }

  @Test
  void largeFilesAreNotKept() {
    metadata.put("a", new byte[7]);
    assertThat(metadata.find("a")).isEmpty();
  }

  @Test
  void removedFilesMakeRoom() {
    metadata.put("x/a", new byte[6]);
    metadata.removeBelow("x/");
    metadata.put("b", new byte[5]);
    metadata.put("c", new byte[5]);
    assertThat(metadata.find("x/a")).isEmpty();
    assertThat(metadata.find("b")).isPresent();
    assertThat(metadata.find("c")).isPresent();
  }
}
