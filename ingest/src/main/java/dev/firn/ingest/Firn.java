package dev.firn.ingest;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line. */
@QuarkusMain(name = "firn")
@Command(
    name = "firn",
    description = "Change data capture into Apache Iceberg.",
    mixinStandardHelpOptions = true,
    versionProvider = FirnVersion.class,
    subcommands = CommandLine.HelpCommand.class)
public final class Firn {
  public static void main(String[] args) {
    System.exit(new CommandLine(new Firn()).execute(args));
  }

  @Command(name = "version", description = "Print the version.")
  void version() {
    System.out.println("firn " + FirnVersion.version());
  }
}
