package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.testing.simulation.Campaign;
import dev.firn.testing.simulation.Profile;
import dev.firn.testing.simulation.SimulationReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code firn simulate}. */
@Command(
    name = "simulate",
    description = {
      "The writer against a model of its source, with faults, crashes and zombies, all by seeds:",
      "after each, every table must equal the source at one commit position."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class SimulateCommand implements Callable<Integer> {
  private static final int MANY = 200;

  /** As they are written on the command line. */
  @SuppressWarnings("MemberName")
  private enum Size {
    standard,
    large
  }

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "How many seeds (default: 200; with --seed: 1).")
  private @Nullable Integer seeds;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "The first seed (default: 1). The same seed does the same again.")
  private @Nullable Long seed;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      defaultValue = "standard",
      description = {
        "standard: at least 30 batches a seed over four to six small tables (default);",
        "large: 100 batches, thousands of rows, transactions of thousands of changes."
      })
  private Size profile = Size.standard;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many seeds run at a time (default: the number of processors).")
  private @Nullable Integer threads;

  @Option(names = "--events", description = "Also print everything that happened, seed by seed.")
  private boolean events;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result to this file, as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() throws InterruptedException {
    // Thousands of faults would be logged, all of them wanted.
    CommandOutput.silenceLogs();
    // Iceberg's pool makes each look at a small table sleep.
    System.setProperty("iceberg.scan.plan-in-worker-pool", "false");
    Campaign campaign = campaign();
    PrintWriter out = out();
    Progress progress = new Progress(campaign.seeds(), out);
    Campaign.Result result =
        campaign.run(report -> {
          if (events) {
            report.events().forEach(out::println);
          }
          progress.ended(report);
        });
    tell(result, out);
    if (json != null) {
      CommandOutput.write(result.toJson(), json);
    }
    return result.passed() ? 0 : CommandException.FAILED;
  }

  private Campaign campaign() {
    try {
      return new Campaign(
          Optional.ofNullable(seed).orElse(1L),
          Optional.ofNullable(seeds).orElse(seed == null ? MANY : 1),
          Optional.ofNullable(threads).orElse(Runtime.getRuntime().availableProcessors()),
          profile == Size.large ? Profile.large() : Profile.standard());
    } catch (IllegalArgumentException e) {
      throw new CommandException(
          CommandException.USAGE, "--seeds and --threads must be at least 1", e);
    }
  }

  private PrintWriter out() {
    return requireNonNull(spec, "picocli sets it").commandLine().getOut();
  }

  private static void tell(Campaign.Result result, PrintWriter out) {
    out.println();
    result.faultTable().forEach(out::println);
    out.println(
        "every one of these faults struck at least %d times".formatted(result.hits().fewest()));
    out.println();
    for (SimulationReport failed : result.failed()) {
      out.println(failed.story());
      out.println("  again: ./firn simulate --seed %d".formatted(failed.seed()));
      out.println();
    }
    out.println(
        "%d seeds, %d failed, %d s: %d batches, %d restarts, %d faults survived without one, %d fenced writers, %d compactions (%d deletes remapped), %d snapshots expired, %d files removed, %d comparisons"
            .formatted(
                result.campaign().seeds(),
                result.failed().size(),
                result.took().toSeconds(),
                result.counts().batches(),
                result.counts().restarts(),
                result.counts().survived(),
                result.counts().fenced(),
                result.counts().compactions(),
                result.counts().remapped(),
                result.counts().expired(),
                result.counts().removed(),
                result.counts().checks()));
    out.flush();
  }

  /** A line for every failed seed and for every tenth part of the way. */
  private static final class Progress {
    private final int seeds;
    private final PrintWriter out;
    private int ended;

    Progress(int seeds, PrintWriter out) {
      this.seeds = seeds;
      this.out = out;
    }

    void ended(SimulationReport report) {
      ended++;
      if (!report.passed()) {
        out.println("seed %d failed".formatted(report.seed()));
      }
      if (ended == seeds || ended % Math.max(1, seeds / 10) == 0) {
        out.println("%d of %d seeds".formatted(ended, seeds));
      }
      out.flush();
    }
  }
}
