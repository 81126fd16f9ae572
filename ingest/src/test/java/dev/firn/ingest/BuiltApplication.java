package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The application as the build has just packaged it. */
public final class BuiltApplication {
  private static final Path FOLDER = Path.of("target", "firn").toAbsolutePath();
  private static final Path ARCHIVE = FOLDER.resolve("firn.jsa");
  private static final Path LOCK = FOLDER.resolveSibling("firn.lock");

  private BuiltApplication() {}

  /** As the launcher starts it: with the archive of its classes, which is made first. */
  public static Program program() {
    return Recorded.PROGRAM;
  }

  private static Program bare() {
    Path jar = FOLDER.resolve("firn.jar");
    assertThat(jar).as("built by mvn package").exists();
    List<String> options = new ArrayList<>();
    if (Runtime.version().feature() > 23) {
      options.add("--sun-misc-unsafe-memory-access=allow");
    }
    // Whether the archive fits is no concern of a log.
    options.add("-Xlog:cds*=off");
    return new Program(jar, options);
  }

  private static final class Recorded {
    private static final Program PROGRAM = recorded();

    private static Program recorded() {
      Program program = bare();
      // Tests run in two JVMs at a time.
      try (FileChannel channel =
              FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock unused = channel.lock()) {
        if (!Files.exists(ARCHIVE) || isOlder(ARCHIVE, program.jar())) {
          record(program.shortRun());
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
      return program.with("-XX:SharedArchiveFile=" + ARCHIVE);
    }

    private static boolean isOlder(Path file, Path other) throws IOException {
      return Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(other)) < 0;
    }

    private static void record(Program program) throws IOException, InterruptedException {
      Files.deleteIfExists(ARCHIVE);
      Path demo = Folders.temporary("firn-archive");
      List<String> command =
          program.command(
              "demo", "--seconds", "1", "--dir", demo.toString(), "--archive", ARCHIVE.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      int exit = process.waitFor();
      Folders.remove(demo);
      assertThat(exit).as(said).isZero();
      assertThat(ARCHIVE).as(said).exists();
    }
  }
}
