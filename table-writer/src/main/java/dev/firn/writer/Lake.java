package dev.firn.writer;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.ResolvingFileIO;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** Opens Iceberg catalogs by Iceberg's own properties. */
public final class Lake {
  /** The name that a catalog bears unless another is set; engines must use the same. */
  public static final String DEFAULT_NAME = "lake";

  private static final String S3_FILE_IO = "org.apache.iceberg.aws.s3.S3FileIO";

  private Lake() {}

  /** The properties of the embedded default: a SQLite catalog and local files below one folder. */
  public static Map<String, String> embedded(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    return Map.of(
        "catalog-impl",
        JdbcCatalog.class.getName(),
        "uri",
        "jdbc:sqlite:"
            + absolute.resolve("catalog.db")
            + "?journal_mode=WAL&synchronous=FULL&busy_timeout=30000",
        "jdbc.schema-version",
        "V1",
        "clients",
        "4",
        "warehouse",
        // A URI: Trino reads no location without a scheme.
        absolute.resolve("warehouse").toUri().toString(),
        "io-impl",
        LocalFileIO.class.getName());
  }

  /** Any catalog that {@code CatalogUtil} can load ({@code type} or {@code catalog-impl}). */
  public static Catalog open(String name, Map<String, String> properties) {
    Map<String, String> asked = withFileIo(properties);
    if (isJdbc(properties)) {
      asked.remove(CatalogUtil.ICEBERG_CATALOG_TYPE);
      asked.put(CatalogProperties.CATALOG_IMPL, AskOnceJdbcCatalog.class.getName());
    }
    return CatalogUtil.buildIcebergCatalog(name, asked, new Configuration());
  }

  /** What reads and writes the files of a catalog that leaves this to its properties. */
  public static FileIO fileIo(Map<String, String> properties) {
    Map<String, String> asked = withFileIo(properties);
    return CatalogUtil.loadFileIO(
        asked.get(CatalogProperties.FILE_IO_IMPL), asked, new Configuration());
  }

  private static Map<String, String> withFileIo(Map<String, String> properties) {
    Map<String, String> asked = new HashMap<>(properties);
    String fileIo = fileIoName(properties);
    if (ObjectStoreFileIO.canAsk(fileIo)) {
      asked.put(CatalogProperties.FILE_IO_IMPL, ObjectStoreFileIO.class.getName());
      asked.put(ObjectStoreFileIO.ASKED, fileIo);
    }
    return asked;
  }

  /** Its class, if it is known before the catalog is asked; else empty. */
  private static String fileIoName(Map<String, String> properties) {
    String set = properties.getOrDefault(CatalogProperties.FILE_IO_IMPL, "");
    if (!set.isEmpty()) {
      return set;
    }
    if (isOfType(
        properties, CatalogUtil.ICEBERG_CATALOG_TYPE_REST, CatalogUtil.ICEBERG_CATALOG_REST)) {
      return ResolvingFileIO.class.getName();
    }
    boolean isOnS3 =
        properties.getOrDefault(CatalogProperties.WAREHOUSE_LOCATION, "").matches("s3[an]?://.*");
    return isOnS3 ? S3_FILE_IO : "";
  }

  private static boolean isJdbc(Map<String, String> properties) {
    return isOfType(
        properties, CatalogUtil.ICEBERG_CATALOG_TYPE_JDBC, CatalogUtil.ICEBERG_CATALOG_JDBC);
  }

  private static boolean isOfType(
      Map<String, String> properties, String type, String implementation) {
    return type.equalsIgnoreCase(properties.get(CatalogUtil.ICEBERG_CATALOG_TYPE))
        || implementation.equals(properties.get(CatalogProperties.CATALOG_IMPL));
  }

  /** Closes a catalog, if it is of a kind that holds something open. */
  public static Closeable closing(Catalog catalog) {
    return catalog instanceof Closeable closeable ? closeable : () -> {};
  }
}
