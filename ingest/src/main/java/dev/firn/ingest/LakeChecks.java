package dev.firn.ingest;

import dev.firn.writer.BatchCommits;
import dev.firn.writer.Lake;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.types.Types;

/**
 * Tries whether tables can be made, written, read and dropped in the lake, in a namespace of its
 * own.
 */
final class LakeChecks {
  private static final String CREATE = "create and commit a table";

  private final SinkSettings settings;
  private final List<Check> checks = new ArrayList<>();

  private LakeChecks(SinkSettings settings) {
    this.settings = settings;
  }

  static List<Check> run(SinkSettings settings) {
    LakeChecks checks = new LakeChecks(settings);
    checks.catalog();
    return List.copyOf(checks.checks);
  }

  private void catalog() {
    Catalog catalog;
    try {
      catalog = Lake.open(settings.catalogName(), LakeProbe.impatient(settings.catalog()));
    } catch (RuntimeException e) {
      failed("catalog", e, "see debezium.sink.iceberg.type (or catalog-impl), uri and credentials");
      return;
    }
    try (Closeable closing = Lake.closing(catalog)) {
      checks.add(Check.ok("catalog", catalog.getClass().getSimpleName()));
      BatchCommits.hindrance(catalog, settings.pipeline().visibility())
          .ifPresent(why ->
              checks.add(
                  Check.failed("commit all tables of a batch as one", why, BatchCommits.WAY_OUT)));
      scratchTable(catalog);
    } catch (IOException e) {
      checks.add(Check.warn("catalog", "could not be closed: " + e.getMessage(), ""));
    }
  }

  private void scratchTable(Catalog catalog) {
    Namespace namespace =
        Namespace.of("firn_check_" + UUID.randomUUID().toString().replace("-", ""));
    Optional<SupportsNamespaces> namespaces =
        catalog instanceof SupportsNamespaces has ? Optional.of(has) : Optional.empty();
    try {
      namespaces.ifPresent(has -> has.createNamespace(namespace));
    } catch (RuntimeException e) {
      failed(CREATE, e, "the catalog must let this user create namespaces");
      return;
    }
    TableIdentifier name = TableIdentifier.of(namespace, "scratch");
    if (create(catalog, name)) {
      drop(name, () -> catalog.dropTable(name, true));
    }
    namespaces.ifPresent(has -> drop(namespace, () -> has.dropNamespace(namespace)));
  }

  /** Whether there is a table now. */
  private boolean create(Catalog catalog, TableIdentifier name) {
    Table table;
    int version = settings.pipeline().formatVersion();
    try {
      table =
          catalog
              .buildTable(
                  name, new Schema(Types.NestedField.required(1, "id", Types.LongType.get())))
              .withProperty(TableProperties.FORMAT_VERSION, Integer.toString(version))
              .create();
    } catch (RuntimeException e) {
      failed(
          CREATE, e, "the catalog must let this user create tables of format version " + version);
      return false;
    }
    try {
      table.newFastAppend().commit();
      checks.add(Check.ok(CREATE, "format version %d".formatted(version)));
      storage(table);
    } catch (RuntimeException e) {
      failed(CREATE, e, "the catalog must let this user commit to tables");
    }
    return true;
  }

  private void storage(Table table) {
    String path = table.locationProvider().newDataLocation("firn-check");
    byte[] written = "firn".getBytes(StandardCharsets.UTF_8);
    FileIO io = table.io();
    try {
      try (OutputStream out = io.newOutputFile(path).createOrOverwrite()) {
        out.write(written);
      }
      byte[] read;
      try (InputStream in = io.newInputFile(path).newStream()) {
        read = in.readAllBytes();
      }
      io.deleteFile(path);
      checks.add(
          java.util.Arrays.equals(read, written)
              ? Check.ok("write, read and delete a file", table.location())
              : Check.failed(
                  "write, read and delete a file",
                  "read back other bytes at " + path,
                  "the storage must read what was just written"));
    } catch (IOException | RuntimeException e) {
      failed(
          "write, read and delete a file",
          e,
          "see debezium.sink.iceberg.io-impl, s3.* and the rights on " + table.location());
    }
  }

  private void failed(String check, Exception failure, String otherwise) {
    LakeFailure known =
        LakeFailure.of(failure, settings.catalog())
            .orElse(new LakeFailure(ConnectionLoss.reason(failure), otherwise));
    checks.add(Check.failed(check, known.found(), known.todo()));
  }

  private void drop(Object name, Runnable drop) {
    String check = name instanceof Namespace ? "drop a namespace" : "drop a table";
    try {
      drop.run();
      checks.add(Check.ok(check, name.toString()));
    } catch (RuntimeException e) {
      checks.add(
          Check.warn(
              check,
              ConnectionLoss.reason(e),
              "drop %s yourself; firn ingest drops none".formatted(name)));
    }
  }
}
