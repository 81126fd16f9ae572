package dev.firn.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.IntPredicate;
import java.util.stream.Stream;

/** Finds JDKs for servers that do not run on every one. */
final class Jdks {
  private Jdks() {}

  /**
   * The {@code java} of a JDK that will do: this one, JAVA_HOME's, or one of the usual.
   *
   * @param feature says of a JDK's feature version whether it will
   */
  static Optional<Path> java(IntPredicate feature) {
    return jdks()
        .filter(jdk -> feature.test(featureOf(jdk)))
        .map(jdk -> jdk.resolve("bin/java"))
        .findFirst();
  }

  private static Stream<Path> jdks() {
    Map<String, String> environment = System.getenv();
    Stream<Path> named =
        Stream.of(System.getProperty("java.home"), environment.getOrDefault("JAVA_HOME", ""))
            .filter(home -> !home.isEmpty())
            .map(Path::of);
    String folders =
        environment.getOrDefault(
            "FIRN_JDK_DIRS", "/usr/lib/jvm:/usr/lib64/jvm:/usr/java:/opt/java");
    return Stream.concat(
        named, Arrays.stream(folders.split(":", -1)).map(Path::of).flatMap(Jdks::children));
  }

  private static Stream<Path> children(Path folder) {
    if (!Files.isDirectory(folder)) {
      return Stream.empty();
    }
    List<Path> found = new ArrayList<>();
    try (Stream<Path> children = Files.list(folder)) {
      children.sorted().forEach(found::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found.stream();
  }

  /** 0 of what is no JDK with a compiler. */
  private static int featureOf(Path jdk) {
    Properties release = new Properties();
    try (InputStream file = Files.newInputStream(jdk.resolve("release"))) {
      release.load(file);
    } catch (IOException e) {
      return 0;
    }
    String version = release.getProperty("JAVA_VERSION", "0").replace("\"", "");
    return Files.isExecutable(jdk.resolve("bin/javac"))
        ? Runtime.Version.parse(version.split("[^0-9.]", -1)[0]).feature()
        : 0;
  }
}
