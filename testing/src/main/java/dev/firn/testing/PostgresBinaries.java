package dev.firn.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The programs of one PostgreSQL version, unpacked once into the user's cache folder.
 *
 * <p>The build puts the archives of all supported versions (zonky's, for the platform it runs on)
 * beside this class, in a folder per major version.
 */
record PostgresBinaries(Path folder) {
  private static final List<Integer> MAJORS = List.of(16, 17, 18);
  private static final int OLDEST_INSTALLED = 14;
  private static final ConcurrentMap<Integer, PostgresBinaries> UNPACKED =
      new ConcurrentHashMap<>();

  static PostgresBinaries of(int major) {
    if (!MAJORS.contains(major)) {
      throw new ServerException("PostgreSQL %d: %s are here".formatted(major, MAJORS));
    }
    return UNPACKED.computeIfAbsent(major, PostgresBinaries::unpack);
  }

  /** The newest version that this machine has installed with an extension; Debian's places. */
  static OptionalInt installedWith(String extension) {
    return IntStream.rangeClosed(OLDEST_INSTALLED, MAJORS.getLast())
        .filter(major ->
            Files.isExecutable(Path.of(installed(major).program("postgres")))
                && Files.exists(
                    Path.of(
                        "/usr/share/postgresql/%d/extension/%s.control"
                            .formatted(major, extension))))
        .max();
  }

  /** A version that this machine has installed. */
  static PostgresBinaries installed(int major) {
    return new PostgresBinaries(Path.of("/usr/lib/postgresql/" + major));
  }

  String program(String name) {
    return folder.resolve("bin").resolve(name).toString();
  }

  private static PostgresBinaries unpack(int major) {
    String archive = "postgres/%d/postgres-%s.txz".formatted(major, platform());
    try {
      Path folder = cacheFolder().resolve("%d-%08x".formatted(major, checksum(archive)));
      if (!Files.isDirectory(folder)) {
        extract(archive, folder);
      }
      return new PostgresBinaries(folder);
    } catch (IOException e) {
      throw new ServerException("cannot unpack PostgreSQL %d: %s".formatted(major, e), e);
    }
  }

  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    return (os.contains("mac") ? "darwin" : "linux")
        + (arch.equals("aarch64") ? "-arm_64" : "-x86_64");
  }

  private static Path cacheFolder() throws IOException {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg == null || xdg.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg);
    try {
      return Files.createDirectories(base.resolve("firn").resolve("postgres"));
    } catch (IOException e) {
      Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
      return Files.createDirectories(
          temporary.resolve("firn-" + System.getProperty("user.name")).resolve("postgres"));
    }
  }

  private static InputStream open(String archive) throws IOException {
    InputStream in = PostgresBinaries.class.getResourceAsStream(archive);
    if (in == null) {
      throw new IOException(archive + " is missing from the build (was it built elsewhere?)");
    }
    return in;
  }

  private static long checksum(String archive) throws IOException {
    CRC32 crc = new CRC32();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = open(archive)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        crc.update(buffer, 0, read);
      }
    }
    return crc.getValue();
  }

  /** Unpacks aside and renames: several processes may do it at once, none sees half of it. */
  private static void extract(String archive, Path folder) throws IOException {
    Path aside = Files.createTempDirectory(folder.getParent(), "unpacking");
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(open(archive))))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        write(tar, entry, aside.resolve(entry.getName()).normalize());
      }
    }
    try {
      Files.move(aside, folder);
    } catch (IOException e) {
      Folders.remove(aside);
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path target)
      throws IOException {
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Files.createDirectories(target.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      throw new IOException("hard link in the archive: " + entry.getName());
    } else {
      Files.copy(tar, target);
      if ((entry.getMode() & 0100) != 0 && !target.toFile().setExecutable(true)) {
        throw new IOException("cannot make executable: " + target);
      }
    }
  }
}
