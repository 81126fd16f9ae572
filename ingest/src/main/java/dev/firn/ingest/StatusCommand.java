package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.PrintWriter;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code firn status}: says from outside how a pipeline stands, and changes nothing. */
@Command(
    name = "status",
    description = {
      "Say how a pipeline stands: asks its process, its source and its lake.",
      "Exit code 0: it runs and is ready; 1: it does not; 2: wrong usage."
    },
    mixinStandardHelpOptions = true)
public final class StatusCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--json", description = "Print JSON instead of lines.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    ConfigFile file = config.load();
    CommandOutput.silenceLogs();
    StatusReport report = report(file);
    print(json ? json(report) : report.text());
    return report.isWell() ? Outcome.OK : Outcome.FAILED;
  }

  private void print(String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(text);
    out.flush();
  }

  private static StatusReport report(ConfigFile file) throws InterruptedException {
    ExecutorService threads =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("firn-status-", 0).factory());
    String pipeline = file.sink().pipeline().name();
    boolean isPortKnown = file.httpPort() != 0;
    Future<Asked<ProcessHealth>> process =
        threads.submit(() ->
            isPortKnown
                ? ProcessHealth.ask(server(file), pipeline)
                : Asked.nothing("not asked: quarkus.http.port is 0, any free one"));
    Future<Asked<ReplicationSlot.State>> slot = threads.submit(() -> slot(file.source()));
    Future<Asked<LakeStatus>> lake = threads.submit(() -> LakeStatus.ask(file.sink()));
    StatusReport report =
        new StatusReport(
            Instant.now(),
            pipeline,
            file.source().place(),
            isPortKnown,
            await("the process", process),
            await("the source " + file.source().place(), slot),
            await("the lake", lake));
    threads.shutdownNow();
    return report;
  }

  private static URI server(ConfigFile file) {
    String host = file.httpHost().equals("0.0.0.0") ? "127.0.0.1" : file.httpHost();
    return URI.create("http://%s:%d".formatted(host, file.httpPort()));
  }

  private static Asked<ReplicationSlot.State> slot(Source source) {
    try {
      return source
          .slotState()
          .map(Asked::of)
          .orElseGet(() ->
              Asked.nothing(
                  source
                      .slotName()
                      .map(slot -> "%s has no replication slot %s".formatted(source.place(), slot))
                      .orElse("")));
    } catch (SQLException | RuntimeException e) {
      return Asked.nothing(
          "cannot connect to %s: %s".formatted(source.place(), ConnectionLoss.reason(e)));
    }
  }

  private static <T> Asked<T> await(String whom, Future<Asked<T>> answer)
      throws InterruptedException {
    try {
      return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return Asked.nothing("%s has not answered within %d s".formatted(whom, PATIENCE.toSeconds()));
    } catch (ExecutionException e) {
      return Asked.nothing("%s: %s".formatted(whom, ConnectionLoss.reason(e)));
    }
  }

  private static String json(StatusReport report) {
    try {
      return new ObjectMapper()
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .writerWithDefaultPrettyPrinter()
          .writeValueAsString(report.values());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report that is no JSON", e);
    }
  }
}
