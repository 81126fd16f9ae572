package dev.firn.ingest.sql;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.CommandException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the launcher has made ready for an embedded Trino.
 *
 * @param java of a JDK that Trino runs on
 * @param folder where its options, and maybe its archive of classes, are
 */
public record TrinoInstallation(Path java, Path folder) {
  private static final String JAVA = "firn.trino.java";
  private static final String FOLDER = "firn.trino.folder";
  private static final String MISSING = "firn.trino.missing";
  private static final String NOT_THE_LAUNCHER =
      "it is fetched and started by the launcher ./firn of a source tree";

  public TrinoInstallation {
    requireNonNull(java, "java is null");
    requireNonNull(folder, "folder is null");
  }

  /**
   * The one that the launcher tells of.
   *
   * @throws CommandException there is none; the message says what to do
   */
  public static TrinoInstallation find() {
    String java = System.getProperty(JAVA);
    String folder = System.getProperty(FOLDER);
    if (java == null || folder == null) {
      throw new CommandException(
          CommandException.USAGE,
          "no embedded Trino: %s. To ask a Trino of your own, give it the catalog that firn sql --print-config trino prints"
              .formatted(System.getProperty(MISSING, NOT_THE_LAUNCHER)));
    }
    return new TrinoInstallation(Path.of(java), Path.of(folder));
  }

  /** The command line of a Trino with one catalog; nothing of it is secret. */
  List<String> command(Path own, String catalog) {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    Path archive = folder.resolve("trino.aot");
    if (Files.isRegularFile(archive)) {
      // One that does not fit is not used, and no word is said about it.
      command.addAll(List.of("-XX:AOTCache=" + archive, "-Xlog:disable"));
    }
    command.addAll(
        List.of(
            "-Djava.io.tmpdir=" + own,
            "@" + folder.resolve("trino.args"),
            "TrinoServer",
            own.toString(),
            catalog));
    return command;
  }
}
