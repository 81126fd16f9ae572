package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.BulkDeletionFailureException;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestLocalFileIO {
  @TempDir private Path folder;
  private final LocalFileIO io = new LocalFileIO();

  private OutputFile file(String name) {
    return io.newOutputFile(folder.resolve(name).toString());
  }

  @Test
  void fileIsNotThereBeforeItIsClosed() throws Exception {
    OutputFile file = file("a/b/data");
    try (PositionOutputStream out = file.create()) {
      out.write(new byte[] {1, 2, 3});
      assertThat(out.getPos()).isEqualTo(3);
      assertThat(file.toInputFile().exists()).isFalse();
    }
    assertThat(file.toInputFile().exists()).isTrue();
    assertThat(file.toInputFile().getLength()).isEqualTo(3);
    try (Stream<Path> names = Files.list(folder.resolve("a/b"))) {
      assertThat(names).hasSize(1);
    }
  }

  @Test
  void existingFileIsNeverReplacedByCreate() throws Exception {
    file("data").create().close();
    assertThatThrownBy(() -> file("data").create()).isInstanceOf(AlreadyExistsException.class);
  }

  @Test
  void ofTwoWritersOfOneNameTheSecondToCloseFails() throws Exception {
    PositionOutputStream first = file("data").create();
    PositionOutputStream second = file("data").create();
    first.write(1);
    first.close();
    assertThatThrownBy(second::close).isInstanceOf(AlreadyExistsException.class);
    assertThat(Files.size(folder.resolve("data"))).isEqualTo(1);
  }

  @Test
  void missingFileIsSaidToBeMissing() {
    String nowhere = folder.resolve("nowhere").toString();
    assertThat(io.newInputFile(nowhere).exists()).isFalse();
    assertThatThrownBy(() -> io.deleteFile(nowhere)).isInstanceOf(NotFoundException.class);
    assertThat(io.listPrefix(nowhere)).isEmpty();
  }

  @Test
  void severalAreDeletedAlsoWhenOneIsGoneAndOneCannotBe() throws Exception {
    file("t/a").create().close();
    file("t/b").create().close();
    file("full/c").create().close();
    io.deleteFiles(List.of(file("t/a").location(), file("t/none").location()));
    assertThat(Files.exists(folder.resolve("t/a"))).isFalse();
    assertThatThrownBy(() ->
            io.deleteFiles(List.of(folder.resolve("full").toString(), file("t/b").location())))
        .isInstanceOf(BulkDeletionFailureException.class);
    assertThat(Files.exists(folder.resolve("t/b"))).isFalse();
    assertThat(Files.exists(folder.resolve("full/c"))).isTrue();
  }

  @Test
  void prefixesAreListedAndDeletedUnderTheLocationsThatWereAskedFor() throws Exception {
    file("t/data/a").create().close();
    file("t/metadata/b").create().close();
    String table = folder.resolve("t").toString();
    List<String> locations =
        java.util.stream.StreamSupport.stream(io.listPrefix(table).spliterator(), false)
            .map(org.apache.iceberg.io.FileInfo::location)
            .sorted()
            .toList();
    assertThat(locations).containsExactly(table + "/data/a", table + "/metadata/b");
    io.deletePrefix(table);
    assertThat(Files.exists(folder.resolve("t"))).isFalse();
  }

  @Test
  void listedFilesTellTheirSizesAndWhenTheyWereWritten() throws Exception {
    try (PositionOutputStream out = file("t/a").create()) {
      out.write(new byte[] {1, 2, 3});
    }
    Files.setLastModifiedTime(folder.resolve("t/a"), FileTime.fromMillis(5000));
    assertThat(io.listPrefix(folder.resolve("t").toUri().toString()))
        .singleElement()
        .satisfies(info -> {
          assertThat(info.location()).isEqualTo(folder.resolve("t/a").toUri().toString());
          assertThat(info.size()).isEqualTo(3);
          assertThat(info.createdAtMillis()).isEqualTo(5000);
        });
  }

  @Test
  void linksInAFolderAreNotFollowedButTheFolderMayBeOne() throws Exception {
    file("elsewhere/a").create().close();
    file("t/b").create().close();
    Files.createSymbolicLink(folder.resolve("t/inner"), folder.resolve("elsewhere"));
    Files.createSymbolicLink(folder.resolve("t/file"), folder.resolve("elsewhere/a"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("t"));
    assertThat(io.listPrefix(link.toString()))
        .extracting(FileInfo::location)
        .containsExactly(link.resolve("b").toString());
  }
}
