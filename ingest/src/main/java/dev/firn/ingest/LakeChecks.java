package dev.firn.ingest;

import dev.firn.writer.Lake;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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
      catalog = Lake.open(settings.catalogName(), settings.catalog());
    } catch (RuntimeException e) {
      checks.add(
          Check.failed(
              "catalog",
              ConnectionLoss.reason(e),
              "see debezium.sink.iceberg.type (or catalog-impl), uri and credentials"));
      return;
    }
    try (Closeable closing = Lake.closing(catalog)) {
      checks.add(Check.ok("catalog", catalog.getClass().getSimpleName()));
      scratchTable(catalog);
    } catch (IOException e) {
      checks.add(Check.warn("catalog", "could not be closed: " + e.getMessage(), ""));
    }
  }

  private void scratchTable(Catalog catalog) {
    Namespace namespace =
        Namespace.of("firn_check_" + UUID.randomUUID().toString().replace("-", ""));
    TableIdentifier name = TableIdentifier.of(namespace, "scratch");
    try {
      if (catalog instanceof SupportsNamespaces namespaces) {
        namespaces.createNamespace(namespace);
      }
      Table table =
          catalog
              .buildTable(
                  name, new Schema(Types.NestedField.required(1, "id", Types.LongType.get())))
              .withProperty(
                  TableProperties.FORMAT_VERSION,
                  Integer.toString(settings.pipeline().formatVersion()))
              .create();
      table.newFastAppend().commit();
      checks.add(
          Check.ok(
              "create and commit a table",
              "format version %d".formatted(settings.pipeline().formatVersion())));
      storage(table);
    } catch (RuntimeException e) {
      checks.add(
          Check.failed(
              "create and commit a table",
              ConnectionLoss.reason(e),
              todo(
                  e,
                  "the catalog must let this user create namespaces and tables of this format version")));
    } finally {
      drop(catalog, namespace, name);
    }
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
      checks.add(
          Check.failed(
              "write, read and delete a file",
              ConnectionLoss.reason(e),
              todo(
                  e,
                  "see debezium.sink.iceberg.io-impl, s3.* and the rights on "
                      + table.location())));
    }
  }

  private String todo(Exception failure, String otherwise) {
    return StorageHint.of(failure, settings.catalog()).orElse(otherwise);
  }

  private void drop(Catalog catalog, Namespace namespace, TableIdentifier name) {
    try {
      catalog.dropTable(name, true);
      if (catalog instanceof SupportsNamespaces namespaces) {
        namespaces.dropNamespace(namespace);
      }
      checks.add(Check.ok("drop a table", name.toString()));
    } catch (RuntimeException e) {
      checks.add(
          Check.warn(
              "drop a table",
              ConnectionLoss.reason(e),
              "drop %s yourself; firn ingest drops no tables".formatted(name)));
    }
  }
}
