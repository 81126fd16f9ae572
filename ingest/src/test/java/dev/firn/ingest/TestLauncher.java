package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Runs {@code ./firn} in a source tree, with JDKs and a Maven, that are all made up. */
class TestLauncher {
  private static final Path LAUNCHER = Path.of("..", "firn");
  private static final List<String> TOOLS =
      List.of(
          "awk",
          "cat",
          "date",
          "dirname",
          "find",
          "grep",
          "head",
          "mkdir",
          "mv",
          "nice",
          "ps",
          "readlink",
          "rm",
          "sed",
          "sh",
          "sleep",
          "tail",
          "tr");

  @TempDir Path temp;
  private Path project;
  private Path bin;
  private Path jdks;

  private record Run(int exit, String out, String err) {}

  @BeforeEach
  void makeSourceTree() throws IOException {
    project = Files.createDirectories(temp.resolve("a folder/firn's tree"));
    bin = Files.createDirectory(temp.resolve("bin"));
    jdks = Files.createDirectory(temp.resolve("jdks"));
    Files.copy(LAUNCHER, project.resolve("firn"));
    Files.writeString(project.resolve("pom.xml"), "<project/>");
    Files.createDirectories(project.resolve("ingest/src/main"));
    for (String tool : TOOLS) {
      for (String folder : List.of("/bin", "/usr/bin")) {
        Path file = Path.of(folder, tool);
        if (Files.exists(file)) {
          Files.createSymbolicLink(bin.resolve(tool), file);
          break;
        }
      }
    }
  }

  @Test
  void helpNeedsNoJdk() throws Exception {
    Run run = firn("help");
    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("Usage: firn COMMAND");
    assertThat(firn().out()).isEqualTo(run.out());
  }

  @Test
  void helpListsEveryCommandOfTheApplication() throws Exception {
    String help = firn("help").out();
    new CommandLine(new Firn())
        .getSubcommands()
        .forEach((name, command) -> {
          if (!command.getCommandSpec().usageMessage().hidden()) {
            assertThat(help).containsPattern("(?m)^  " + name + " ");
          }
        });
  }

  @Test
  void unknownCommandIsRefusedBeforeAnyBuild() throws Exception {
    assertRefused(firn("dmeo"), "unknown command 'dmeo'");
  }

  @Test
  void missingJdkIsNamed() throws Exception {
    assertRefused(firn("version"), "no JDK 21 or newer", "JAVA_HOME", "PATH", "found: none");
  }

  @Test
  void olderJdkIsNamedWithItsVersion() throws Exception {
    makeJdk("seventeen", "17.0.12");
    assertRefused(firn("version"), "no JDK 21 or newer", "17.0.12", jdks + "/seventeen");
  }

  @Test
  void runtimeWithoutCompilerIsNotEnough() throws Exception {
    Files.delete(makeJdk("jre", "25").resolve("bin/javac"));
    assertRefused(firn("version"), "25, without a compiler");
  }

  @Test
  void missingMavenIsNamed() throws Exception {
    makeJdk("new", "21.0.1");
    assertRefused(firn("version"), "no Maven", "mvn on the PATH");
  }

  @Test
  void unwritableFolderIsNamed() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Files.setPosixFilePermissions(project, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assumeFalse(Files.isWritable(project), "this user may write everywhere");
      assertRefused(firn("version"), "cannot write to", project.toString());
    } finally {
      Files.setPosixFilePermissions(project, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void fileInTheWayOfTheBuildFolderIsNamed() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Files.writeString(project.resolve("target"), "");
    assertRefused(firn("version"), "cannot write to", project.resolve("target").toString());
  }

  @Test
  void buildsOnceAndAgainWhenASourceIsNewer() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    assertThat(firn("version").err()).contains("building, first run", "built in");
    assertThat(firn("version").err()).isEmpty();
    Path source = Files.writeString(project.resolve("ingest/src/main/A.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
    assertThat(firn("version").err()).contains("building, sources have changed");
    assertThat(mavenCalls()).hasSize(2).allMatch(call -> call.endsWith("package"));
  }

  @Test
  void connectorsAreBuiltInWhenAskedForAndStay() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    assertThat(firn("version").err()).contains("building, first run");
    assertThat(firnWith("mysql,sqlserver", "version").err())
        .contains("building, with other connectors");
    assertThat(firn("version").err()).isEmpty();
    Path source = Files.writeString(project.resolve("ingest/src/main/A.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
    assertThat(firn("version").err()).contains("building, sources have changed");
    assertThat(firnWith("''", "version").err()).contains("building, with other connectors");
    assertThat(mavenCalls())
        .extracting(call -> call.contains(" -Pmysql,sqlserver "))
        .containsExactly(false, true, true, false);
  }

  @Test
  void unknownConnectorIsRefused() throws Exception {
    assertRefused(
        firnWith("db2", "version"), "FIRN_CONNECTORS=db2", "mysql, sqlserver, mongodb, oracle");
    for (String wrong :
        List.of("mysql,db2", "oracle,db2", "db2,oracle", "oracle,,mongodb", "oracle,oracle")) {
      assertRefused(firnWith(wrong, "version"), "FIRN_CONNECTORS=" + wrong);
    }
  }

  @Test
  void severalConnectorsMayComeInAnyOrder() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    for (String any : List.of("oracle,sqlserver,mysql,mongodb", "mongodb,oracle", "oracle")) {
      assertThat(firnWith(any, "version").exit()).as(any).isZero();
    }
    assertThat(mavenCalls().getLast()).contains(" -Poracle ");
  }

  @Test
  void builtApplicationRunsWithoutMaven() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    firn("version");
    Files.delete(bin.resolve("mvn"));
    assertThat(firn("version").exit()).isZero();
  }

  @Test
  void failedBuildShowsTheEndOfItsLog() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(1);
    Run run = firn("version");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err())
        .contains("[ERROR] it broke", "the build failed", project + "/target/build.log");
    assertThat(project.resolve("target/firn-build.lock")).doesNotExist();
  }

  @Test
  void argumentsAndOptionsReachTheApplication() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    Run run = firn("ingest", "--config", "my file.properties");
    assertThat(run.out().lines())
        .containsExactly(
            "--sun-misc-unsafe-memory-access=allow",
            "-Dfrom.user=1",
            "-Xlog:cds*=off",
            "-XX:SharedArchiveFile=" + project + "/ingest/target/firn/firn.jsa",
            "-jar",
            project + "/ingest/target/firn/firn.jar",
            "ingest",
            "--config",
            "my file.properties");
  }

  @Test
  void jarsOfTheUserAreOnTheClassPath() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Path lib = Files.createDirectory(project.resolve("lib"));
    assertThat(firn("version").out()).contains("-jar").doesNotContain("-cp");
    Files.writeString(lib.resolve("hive.jar"), "");
    assertThat(firn("check").out())
        .contains("-cp\n%s/ingest/target/firn/firn.jar:%s/*\n".formatted(project, lib))
        .contains("\ndev.firn.ingest.Firn\ncheck\n")
        .doesNotContain("-jar");
  }

  @Test
  void archiveOfClassesIsMadeOnceAfterABuild() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    assertThat(firn("demo").out()).contains("\ndemo\n").doesNotContain("SharedArchiveFile");
    assertThat(firn("ingest").err()).contains("preparing quick starts, once after a build");
    assertThat(firn("ingest").err()).isEmpty();
    assertThat(firn("version").out()).contains("SharedArchiveFile");
    assertThat(project.resolve("target/firn-build.lock")).doesNotExist();
  }

  @Test
  void archiveThatCannotBeMadeIsNoHindrance() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    Files.writeString(temp.resolve("no-archive"), "");
    Run first = firn("ingest");
    assertThat(first.exit()).isZero();
    assertThat(first.err()).contains("no quick starts", project + "/target/quick-start.log");
    assertThat(first.out()).doesNotContain("SharedArchiveFile");
    assertThat(firn("ingest").err()).isEmpty();
  }

  @Test
  void jdk21DoesNotGetAnOptionItDoesNotKnow() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    assertThat(firn("version").out()).doesNotContain("--sun-misc-unsafe-memory-access");
  }

  @Test
  void newestJdkOfTheFoldersIsTaken() throws Exception {
    makeJdk("a", "21.0.1");
    makeJdk("b", "25.0.3");
    makeJdk("c", "1.8.0_402");
    makeMaven(0);
    firn("version");
    assertThat(mavenJdks()).containsExactly(jdks + "/b");
  }

  @Test
  void javaHomeIsPreferredIfNewEnough() throws Exception {
    Path preferred = makeJdk("a", "21.0.1");
    makeJdk("b", "25.0.3");
    makeMaven(0);
    run(launcher(project.resolve("firn"), "version"), preferred);
    assertThat(mavenJdks()).containsExactly(preferred.toString());
  }

  @Test
  void worksThroughASymbolicLink() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Path link = Files.createSymbolicLink(temp.resolve("link"), project.resolve("firn"));
    assertThat(run(launcher(link, "version"), null).exit()).isZero();
  }

  @Test
  void lockOfADeadBuildIsTakenOver() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Process dead = new ProcessBuilder("sh", "-c", "exit").start();
    dead.waitFor();
    Path lock = Files.createDirectories(project.resolve("target/firn-build.lock"));
    Files.writeString(lock.resolve("pid"), Long.toString(dead.pid()));
    assertThat(firn("version").exit()).isZero();
  }

  @Test
  void secondLauncherWaitsForTheFirst() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(0);
    Path lock = Files.createDirectories(project.resolve("target/firn-build.lock"));
    Files.writeString(lock.resolve("pid"), Long.toString(ProcessHandle.current().pid()));
    Process second = start(launcher(project.resolve("firn"), "version"), null);
    assertThat(second.errorReader(UTF_8).readLine())
        .contains("waiting for another build (process " + ProcessHandle.current().pid());
    Files.delete(lock.resolve("pid"));
    Files.delete(lock);
    assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isZero();
  }

  @Test
  void testPassesArgumentsAndTheExitCodeOn() throws Exception {
    makeJdk("new", "21.0.1");
    makeMaven(3);
    assertThat(firn("test", "-pl", "table-writer").exit()).isEqualTo(3);
    assertThat(mavenCalls()).containsExactly("-B -ntp -T 2 -pl table-writer verify");
  }

  @Test
  void sqlGetsATrinoThatIsMadeReadyOnce() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    makeTrinoSource();
    Run run = firn("sql", "--dir", "lake");
    assertThat(run.err())
        .contains("fetching Trino (215 MB), once", "preparing quick starts of Trino");
    Path trino = project.resolve("sql/trino-server/target/server");
    assertThat(run.out().lines())
        .containsSequence(
            "-Dfirn.trino.java=" + jdks + "/new/bin/java",
            "-Dfirn.trino.folder=" + trino,
            "-jar",
            project + "/ingest/target/firn/firn.jar",
            "sql");
    assertThat(trino.resolve("trino.args"))
        .content()
        .isEqualTo("-Xmx768m\n-cp\n\"%s/server.jar:%s/trino.jar\"\n".formatted(trino, temp));
    assertThat(mavenCalls().getLast()).contains("-f " + project + "/sql/trino-server/pom.xml");
    assertThat(firn("sql", "--dir", "lake").err()).isEmpty();

    Files.delete(temp.resolve("trino.jar"));
    assertThat(firn("sql", "--dir", "lake").err()).contains("fetching Trino");

    // The server has classes of the JDK that it was made with.
    Files.writeString(jdks.resolve("new/release"), "JAVA_VERSION=\"25.0.4\"\n");
    assertThat(firn("sql", "--dir", "lake").err()).contains("preparing quick starts of Trino");
    assertThat(firn("sql", "--dir", "lake").err()).isEmpty();
  }

  @Test
  void whatNeedsNoTrinoFetchesNone() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    makeTrinoSource();
    assertThat(firn("sql", "--dir", "lake", "--print-config", "trino").out())
        .doesNotContain("firn.trino");
    assertThat(firn("sql", "--help").out()).doesNotContain("firn.trino");
    assertThat(mavenCalls()).hasSize(1);
  }

  @Test
  void sqlWithoutAJdkForTrinoSaysWhatWasFound() throws Exception {
    makeJdk("old", "21.0.1");
    makeMaven(0);
    makeTrinoSource();
    assertThat(firn("sql", "--dir", "lake").out())
        .contains("-Dfirn.trino.missing=it needs a JDK 25 or newer, found: folders (21.0.1 in ")
        .doesNotContain("firn.trino.java");
    assertThat(mavenCalls()).hasSize(1);
  }

  @Test
  void trinoThatCannotBeFetchedIsToldWithTheWayOut() throws Exception {
    makeJdk("new", "25.0.3");
    makeMaven(0);
    makeTrinoSource();
    firn("version");
    Files.delete(bin.resolve("mvn"));
    makeMaven(1);
    Run run = firn("sql", "--dir", "lake");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("Trino could not be fetched", "--print-config trino");
    assertThat(project.resolve("target/firn-trino.lock")).doesNotExist();
  }

  private void makeTrinoSource() throws IOException {
    Path source = Files.createDirectories(project.resolve("sql/trino-server/src"));
    Files.writeString(source.resolveSibling("pom.xml"), "<project/>");
    Files.writeString(source.resolve("TrinoServer.java"), "");
    Files.writeString(source.resolve("trino.options"), "-Xmx768m\n");
  }

  private static void assertRefused(Run run, String... said) {
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("firn: ").contains(said);
  }

  private Run firn(String... arguments) throws Exception {
    return run(launcher(project.resolve("firn"), arguments), null);
  }

  private Run firnWith(String connectors, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("/bin/sh", "-c", "FIRN_CONNECTORS=%s exec \"$@\"".formatted(connectors), "sh"));
    command.addAll(launcher(project.resolve("firn"), arguments));
    return run(command, null);
  }

  private static List<String> launcher(Path file, String... arguments) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", file.toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private Run run(List<String> command, @Nullable Path javaHome) throws Exception {
    Process process = start(command, javaHome);
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Run(process.waitFor(), out, err);
  }

  private Process start(List<String> command, @Nullable Path javaHome) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", bin.toString());
    builder.environment().put("FIRN_JDK_DIRS", jdks.toString());
    builder.environment().put("FIRN_JAVA_OPTS", "-Dfrom.user=1");
    if (javaHome != null) {
      builder.environment().put("JAVA_HOME", javaHome.toString());
    }
    return builder.start();
  }

  /** A JDK whose {@code java} prints its arguments, one on each line, and makes an archive. */
  private Path makeJdk(String name, String version) throws IOException {
    Path home = jdks.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    makeScript(
        home.resolve("bin/java"),
        """
        printf '%%s\\n' "$@"
        while [ $# -gt 0 ]; do
          [ "$1" != --archive ] || [ -e "%1$s/no-archive" ] || echo classes >"$2"
          case $1 in -XX:AOTCacheOutput=*) echo classes >"${1#*=}" ;; esac
          shift
        done
        """
            .formatted(temp));
    makeScript(home.resolve("bin/javac"), "exit 0");
    makeScript(home.resolve("bin/jar"), "exit 0");
    makeScript(home.resolve("bin/jimage"), "exit 0");
    return home;
  }

  /** A Maven that notes how it was called, makes an application and ends with {@code exit}. */
  private void makeMaven(int exit) throws IOException {
    makeScript(
        bin.resolve("mvn"),
        """
        echo "$*" >>"%1$s/mvn-calls"
        echo "$JAVA_HOME" >>"%1$s/mvn-jdks"
        mkdir -p ingest/target/firn
        : >ingest/target/firn/firn.jar
        for argument; do
          case $argument in
            -Dclass-path=*) : >"%1$s/trino.jar"; printf '%%s\\n' "%1$s/trino.jar" >"${argument#*=}" ;;
          esac
        done
        [ %2$d -eq 0 ] || echo '[ERROR] it broke'
        exit %2$d
        """
            .formatted(temp, exit));
  }

  private List<String> mavenCalls() throws IOException {
    return Files.readAllLines(temp.resolve("mvn-calls"));
  }

  private List<String> mavenJdks() throws IOException {
    return Files.readAllLines(temp.resolve("mvn-jdks"));
  }

  private static void makeScript(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
