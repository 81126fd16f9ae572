package dev.firn.ingest.sql;

import static dev.firn.ingest.SqlCommandLine.SECRET;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.SqlCommandLine;
import dev.firn.ingest.SqlCommandLine.Run;
import dev.firn.writer.Lake;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./firn sql} as a user starts it, on an embedded lake to which somebody writes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SqlIT {
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "total", Types.DecimalType.of(38, 4)));
  private static final int ROWS_OF_A_COMMIT = 10;

  private Path folder;
  private Table orders;
  private CompletableFuture<Void> writer;
  private final AtomicBoolean stop = new AtomicBoolean();

  @BeforeAll
  void fillALake(@TempDir Path temp) throws Exception {
    folder = temp;
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("shop"));
    orders = catalog.buildTable(ORDERS, SCHEMA).withProperty("format-version", "3").create();
    append();
    writer = CompletableFuture.runAsync(this::write, Thread.ofPlatform()::start);
    Run first = sql("-e", "SELECT 1");
    first.assumeTrino();
    assertThat(first.exit()).as(first.err()).isZero();
  }

  @AfterAll
  void stopWriting() {
    stop.set(true);
    if (writer != null) {
      writer.join();
    }
  }

  private void write() {
    while (!stop.get()) {
      append();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  private void append() {
    DataWriter<Record> out =
        new GenericFileWriterFactory.Builder(orders)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(SCHEMA)
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(
                    orders.io().newOutputFile(orders.location() + "/data/" + UUID.randomUUID())),
                orders.spec(),
                null);
    try (out) {
      for (long id = 0; id < ROWS_OF_A_COMMIT; id++) {
        Record row = GenericRecord.create(SCHEMA);
        row.set(0, Long.MAX_VALUE - id);
        row.set(1, new BigDecimal("9999999999999999999999999999999999.9999"));
        out.write(row);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    DataFile file = out.toDataFile();
    orders.newFastAppend().appendFile(file).commit();
  }

  private Run sql(String... arguments) throws IOException, InterruptedException {
    return SqlCommandLine.run(
        folder,
        Stream.concat(Stream.of("--dir", folder.toString()), Stream.of(arguments)).toList());
  }

  private long rows() {
    orders.refresh();
    return Long.parseLong(orders.currentSnapshot().summary().get("total-records"));
  }

  @Test
  void answersAreExactWhileSomebodyWrites() throws Exception {
    Path file = folder.resolve("questions.sql");
    Files.writeString(
        file,
        """
        -- how many; and "what"
        SELECT count(*) AS n FROM lake.shop.orders;
        SELECT id, total, ';' AS mark FROM shop.orders LIMIT 1;
        SELECT nan() AS n, TIMESTAMP '2026-01-02 03:04:05.123456 UTC' AS at, X'00ff' AS b, ARRAY[1, NULL] AS a,
          CAST(JSON '{"a": [1, null]}' AS VARIANT) AS v, CAST(DECIMAL '12345678901234567890123456789.12345678' AS VARIANT) AS d, CAST(ROW(1, 'x') AS ROW(id integer, name varchar)) AS r, MAP(ARRAY['k'], ARRAY[DECIMAL '1.10']) AS m, NULL AS z
        """);
    long before = rows();
    Run run = sql("--json", "-f", file.toString());
    long after = rows();

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    JsonNode count = new ObjectMapper().readTree(run.out().getFirst());
    assertThat(count.get("n").asLong()).isBetween(before, after);
    assertThat(after).as("commits meanwhile").isGreaterThan(before);
    assertThat(StreamSupport.stream(orders.snapshots().spliterator(), false))
        .anyMatch(
            snapshot -> count.get("n").asText().equals(snapshot.summary().get("total-records")));
    assertThat(run.out().get(1))
        .matches(
            "\\{\"id\":922337203685477\\d{4},\"total\":\"9999999999999999999999999999999999.9999\",\"mark\":\";\"}");
    assertThat(run.out().get(2))
        .isEqualTo(
            "{\"n\":\"NaN\",\"at\":\"2026-01-02 03:04:05.123456 UTC\",\"b\":\"00ff\",\"a\":[1,null],\"v\":{\"a\":[1,null]},\"d\":12345678901234567890123456789.12345678,\"r\":{\"id\":1,\"name\":\"x\"},\"m\":{\"k\":\"1.10\"},\"z\":null}");
    assertThat(run.out()).hasSize(3);
  }

  @Test
  void theFirstStatementThatFailsIsTheLastAndNothingIsWritten() throws Exception {
    Run run = sql("-e", "SELECT 1 AS one; DELETE FROM lake.shop.orders; SELECT 2 AS two");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).first().isEqualTo(" one");
    assertThat(run.out()).noneMatch(line -> line.contains("two"));
    assertThat(run.err())
        .isEqualTo(
            "firn sql: Access Denied: Cannot delete from table shop.orders (firn sql only reads)\n");
    assertThat(rows()).isPositive();

    Run wrong = sql("-e", "SELECT 1;\n  SELECT nothing");
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err())
        .isEqualTo("firn sql: line 2, column 10: Column 'nothing' cannot be resolved\n");
  }

  @Test
  void whatIsAskedWronglyStartsNoTrino() throws Exception {
    assertThat(sql("--print-config", "oracle").exit()).isEqualTo(2);
    assertThat(sql("-e", "SELECT 1", "-f", "a").exit()).isEqualTo(2);
    assertThat(sql("-f", folder.resolve("none").toString()).err()).contains("cannot read");
    Process nowhere = SqlCommandLine.start(folder.resolve("err"), List.of("-e", "SELECT 1"));
    assertThat(nowhere.waitFor()).isEqualTo(2);
    assertThat(folder.resolve("err")).content().contains("--config", "--dir");
  }

  @Test
  void settingsNameTheVariablesOfTheConfiguration() throws Exception {
    Process process =
        SqlCommandLine.start(
            folder.resolve("err"),
            List.of("--config", config().toString(), "--print-config", "trino"));
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("err"))).isZero();
    assertThat(printed)
        .contains("iceberg.jdbc-catalog.connection-password=${ENV:LAKE_PASSWORD}")
        .doesNotContain(SECRET);
  }

  @Test
  void trinoEndsWithACommandThatIsKilledAndNoSecretWasToBeSeen() throws Exception {
    Process process =
        SqlCommandLine.start(
            folder.resolve("err"), List.of("--config", config().toString(), "--json"));
    process.outputWriter().write("SELECT 1 AS one;\n");
    process.outputWriter().flush();
    BufferedReader lines = process.inputReader();
    assertThat(lines.readLine())
        .as(Files.readString(folder.resolve("err")))
        .isEqualTo("{\"one\":1}");

    long trino = process.children().findFirst().orElseThrow().pid();
    List<String> command = commandLine(trino);
    assertThat(command).contains("TrinoServer").noneMatch(word -> word.contains(SECRET));
    Path own = Path.of(command.get(command.indexOf("TrinoServer") + 1));
    try (Stream<Path> files = Files.walk(own)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(Files.readString(file, ISO_8859_1)).as("%s", file).doesNotContain(SECRET);
      }
    }

    process.destroyForcibly().waitFor();
    Instant deadline = Instant.now().plusSeconds(60);
    while (!commandLine(trino).isEmpty()) {
      assertThat(Instant.now()).as("process %d is still there", trino).isBefore(deadline);
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(own).doesNotExist();
  }

  /** Empty of a process that has ended, though nobody may have asked for its exit code yet. */
  private static List<String> commandLine(long process) throws IOException {
    try {
      String words = Files.readString(Path.of("/proc", Long.toString(process), "cmdline"));
      return words.isEmpty() ? List.of() : List.of(words.split("\0", -1));
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  /** The same lake, as a catalog of one's own with a password. */
  private Path config() throws IOException {
    return SqlCommandLine.config(
        folder,
        Map.of(
            "type",
            "jdbc",
            "uri",
            "jdbc:sqlite:" + folder.resolve("catalog.db") + "?busy_timeout=30000",
            "jdbc.schema-version",
            "V1",
            "jdbc.password",
            "${LAKE_PASSWORD}",
            "warehouse",
            folder.resolve("warehouse").toUri().toString()));
  }
}
