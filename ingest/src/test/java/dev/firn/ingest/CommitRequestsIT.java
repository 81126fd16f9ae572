package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import dev.firn.testing.FaultyS3;
import dev.firn.testing.S3Server;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a batch asks of an S3 server, counted where the requests arrive. */
class CommitRequestsIT {
  private static final Duration SLOW = Duration.ofSeconds(1);

  @TempDir private Path folder;
  private S3Server server;
  private FaultyS3 s3;
  private SmallPipeline pipeline;

  @BeforeEach
  void start() throws IOException {
    Files.createDirectories(folder.resolve("lake"));
    server = S3Server.start(folder.resolve("s3"));
    s3 = FaultyS3.before(server);
    Map<String, String> properties = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    properties.putAll(s3.fileIo(server));
    properties.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    pipeline = new SmallPipeline(properties, true);
  }

  @AfterEach
  void stop() throws IOException {
    pipeline.close();
    s3.close();
    server.close();
  }

  /**
   * The table: data file, vectors, manifests (one is written anew), manifest list, metadata.json.
   * The changelog: data file, manifest, manifest list, metadata.json. The control table: its one
   * file, the manifests of the new and of the old, manifest list, metadata.json. Nothing is read.
   */
  @Test
  void batchAsksForWhatItWritesAlone() {
    pipeline.commit(10);
    var unused = s3.takeRequests();
    pipeline.commit(11);
    Map<String, Long> counted =
        s3.takeRequests().stream()
            .collect(
                Collectors.groupingBy(CommitRequestsIT::methodAndTable, Collectors.counting()));
    assertThat(counted)
        .isEqualTo(
            Map.of("PUT shop/orders", 7L, "PUT shop/orders_changelog", 4L, "PUT firn/firn", 5L));
  }

  @Test
  void healthCountsWhatWasAsked() {
    pipeline.commit(10);
    TableHealth.Requests before = lastHour();
    var unused = s3.takeRequests();
    pipeline.commit(11);
    long puts =
        s3.takeRequests().stream()
            .map(CommitRequestsIT::methodAndTable)
            .filter("PUT shop/orders"::equals)
            .count();
    assertThat(lastHour().puts() - before.puts()).isEqualTo(puts).isPositive();
    assertThat(lastHour().gets()).isZero();
  }

  /** Seven uploads of the table one after the other would take seven times as long as one. */
  @Test
  void uploadsThatNeedNotWaitForEachOtherDoNot() {
    pipeline.commit(10);
    s3.fail(new FaultyS3.Fault.SlowUploads(SLOW));
    Instant begun = Instant.now();
    CommittedBatch committed = pipeline.commitVisibly(11);
    Duration took = Duration.between(begun, Instant.now());
    s3.mend();
    System.out.printf("a commit with uploads of %s: %s%n", SLOW, took);
    assertThat(committed.tables()).hasSize(1);
    assertThat(took).isBetween(SLOW.multipliedBy(3), SLOW.multipliedBy(5));
  }

  /**
   * Each tenth commit merges the manifests of those before it with its own, which are on their way.
   * Nothing is read; those of its own that went into another are removed.
   */
  @Test
  void commitThatMergesManifestsWaitsForItsOwn() {
    s3.fail(new FaultyS3.Fault.SlowUploads(Duration.ofMillis(200)));
    var unused = s3.takeRequests();
    for (int batch = 10; batch < 22; batch++) {
      pipeline.commit(batch);
    }
    assertThat(s3.takeRequests())
        .extracting(FaultyS3.Request::method)
        .contains("POST")
        .doesNotContain("GET", "HEAD");
  }

  /** Files and manifests are on their way beside each other: what fails one fails the commit. */
  @ParameterizedTest
  @ValueSource(strings = {".parquet", ".puffin", "-m0.avro", "-m1.avro", "snap-", ".metadata.json"})
  void uploadThatFailsFailsTheCommit(String name) throws Exception {
    s3.fail(new FaultyS3.Fault.RefusedNames(name, 403, "AccessDenied"));
    CompletableFuture<CommittedBatch> commit =
        CompletableFuture.supplyAsync(() -> pipeline.commitVisibly(11), Thread.ofPlatform()::start);
    while (s3.failedUploads() < 2) {
      assertThat(commit).isNotDone();
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertThat(SmallPipeline.rows(pipeline.catalog)).containsEntry(11, "first");
    s3.mend();
    assertThat(commit.get(1, TimeUnit.MINUTES).tables()).hasSize(1);
    assertThat(SmallPipeline.rows(pipeline.catalog)).hasSize(101).containsEntry(11, "again");
  }

  private static String methodAndTable(FaultyS3.Request request) {
    String[] path = request.target().split("/", -1);
    return "%s %s/%s".formatted(request.method(), path[3], path[4]);
  }

  private TableHealth.Requests lastHour() {
    return TableHealth.of(
            pipeline.catalog.loadTable(SmallPipeline.ORDERS),
            new HealthSettings(128L << 20, Prices.DEFAULT),
            Instant.now())
        .activity()
        .lastHour();
  }
}
