package dev.firn.ingest;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How another process of Firn is started: with the Java of this one.
 *
 * @param jar the application's firn.jar
 * @param libraries further jars, such as a driver that Firn does not bring along
 * @param options of the JVM
 */
public record Program(Path jar, List<Path> libraries, List<String> options) {
  /** What ends after a minute is done sooner without the optimizing compiler. */
  private static final List<String> SHORT_RUN =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static final String ARCHIVE = "-XX:SharedArchiveFile=";
  private static final String RECORDING = "-XX:ArchiveClassesAtExit=";

  public Program {
    libraries = List.copyOf(libraries);
    options = List.copyOf(options);
  }

  /** Without further jars. */
  public Program(Path jar, List<String> options) {
    this(jar, List.of(), options);
  }

  /** The one that this process runs, with its options but for those about size and compiling. */
  public static Program own() {
    List<String> options =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(Program::isForAll)
            .toList();
    return new Program(ownJar(), ownLibraries(), options);
  }

  private static boolean isForAll(String option) {
    return option.startsWith("--") || option.startsWith(ARCHIVE) || option.startsWith("-Xlog:");
  }

  private static Path ownJar() {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (entry.endsWith("firn.jar")) {
        return Path.of(entry).toAbsolutePath();
      }
    }
    throw new CommandException(
        CommandException.USAGE, "this needs the built application: start it with ./firn");
  }

  private static List<Path> ownLibraries() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> !entry.endsWith("firn.jar"))
        .map(entry -> Path.of(entry).toAbsolutePath())
        .toList();
  }

  /** With further jars. */
  public Program withLibraries(List<Path> more) {
    return new Program(jar, Stream.concat(libraries.stream(), more.stream()).toList(), options);
  }

  /** With further options of the JVM. */
  public Program with(String... more) {
    return new Program(jar, libraries, Stream.concat(options.stream(), Stream.of(more)).toList());
  }

  /** For a process that lives so shortly that optimizing would take more than it gives. */
  public Program shortRun() {
    return with(SHORT_RUN.toArray(String[]::new));
  }

  /**
   * Its JVM keeps what it has loaded in a file as it ends; later ones that are given the file start
   * in about half of the time (class data sharing).
   */
  public Program recording(Path archive) {
    List<String> others = options.stream().filter(option -> !option.startsWith(ARCHIVE)).toList();
    return new Program(jar, libraries, others).with(RECORDING + archive);
  }

  /** Whether its JVM writes such a file as it ends, which takes a while. */
  public boolean isRecording() {
    return options.stream().anyMatch(option -> option.startsWith(RECORDING));
  }

  /** The command line that runs it. */
  public List<String> command(String... arguments) {
    return Stream.of(
            Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
            options.stream(),
            application(),
            Stream.of(arguments))
        .flatMap(part -> part)
        .toList();
  }

  private Stream<String> application() {
    return libraries.isEmpty()
        ? Stream.of("-jar", jar.toString())
        : Stream.of(
            "-cp",
            Stream.concat(Stream.of(jar), libraries.stream())
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator)),
            Firn.class.getName());
  }
}
