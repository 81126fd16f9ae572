package dev.firn.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders that are made for a time. */
public final class Folders {
  private Folders() {}

  /**
   * A new one among the temporary ones.
   *
   * @throws ServerException it cannot be made
   */
  public static Path temporary(String prefix) {
    try {
      return Files.createTempDirectory(prefix);
    } catch (IOException e) {
      throw new ServerException("cannot make a temporary folder: " + e.getMessage(), e);
    }
  }

  /**
   * Removes a file, or a folder with all that is in it.
   *
   * @throws ServerException it cannot be removed
   */
  public static void remove(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new ServerException("cannot remove %s: %s".formatted(root, e.getMessage()), e);
    }
  }
}
