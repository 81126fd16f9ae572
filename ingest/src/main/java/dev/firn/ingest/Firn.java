package dev.firn.ingest;

import dev.firn.ingest.demo.DemoCommand;
import dev.firn.ingest.demo.TortureCommand;
import dev.firn.testing.ServerException;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line. */
@QuarkusMain(name = "firn")
@Command(
    name = "firn",
    description = "Committed changes of a database become rows of Apache Iceberg tables.",
    mixinStandardHelpOptions = true,
    versionProvider = FirnVersion.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      IngestCommand.class,
      CheckCommand.class,
      InitCommand.class,
      StatusCommand.class,
      TablesCommand.class,
      CompactCommand.class,
      HoldCommand.class,
      ResnapshotCommand.class,
      QuarantineCommand.class,
      SqlCommand.class,
      SimulateCommand.class,
      TortureCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Firn implements Runnable {
  public static void main(String[] args) {
    // Quarkus writes the log with its own manager, which must be named before anybody logs.
    System.setProperty("java.util.logging.manager", "org.jboss.logmanager.LogManager");
    System.exit(execute(args));
  }

  /** Runs one command and returns its exit code: 0 done, 1 failed, 2 asked wrongly, 3 fenced. */
  static int execute(String... args) {
    return commandLine().execute(args);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Firn())
        .setExecutionExceptionHandler(Firn::failed)
        .setParameterExceptionHandler(Firn::refused);
  }

  @Override
  public void run() {
    CommandLine.usage(this, System.out);
  }

  @Command(name = "version", description = "Print the versions of Firn and what it is made of.")
  void version() {
    FirnVersion.lines().forEach(System.out::println);
  }

  private static int refused(ParameterException refused, String[] args) {
    CommandLine command = refused.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("firn: " + refused.getMessage());
    err.println("try: %s --help".formatted(command.getCommandSpec().qualifiedName()));
    err.flush();
    return CommandException.USAGE;
  }

  private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    int exitCode =
        switch (failure) {
          case CommandException expected -> {
            err.println(name(command) + expected.getMessage());
            yield expected.exitCode();
          }
          case RuntimeException expected when Outcome.of(expected).isExpected() -> {
            err.println(name(command) + expected.getMessage());
            yield Outcome.of(expected).exitCode();
          }
          case ServerException expected -> {
            err.println(name(command) + expected.getMessage());
            yield CommandException.USAGE;
          }
          case InterruptedException stopped -> {
            err.println(name(command) + "stopped");
            yield CommandException.FAILED;
          }
          default -> {
            err.println(name(command) + "failed unexpectedly");
            failure.printStackTrace(err);
            yield CommandException.FAILED;
          }
        };
    err.flush();
    return exitCode;
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName() + ": ";
  }
}
