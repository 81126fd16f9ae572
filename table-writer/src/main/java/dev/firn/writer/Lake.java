package dev.firn.writer;

import java.util.Map;
import org.apache.iceberg.catalog.Catalog;

/** Opens Iceberg catalogs by Iceberg's own properties. */
public final class Lake {
  private Lake() {}

  /** The properties of the embedded default: a SQLite catalog and local files below one folder. */
  public static Map<String, String> embedded(java.nio.file.Path folder) {
    throw new UnsupportedOperationException();
  }

  /** Any catalog that {@code CatalogUtil} can load ({@code type} or {@code catalog-impl}). */
  public static Catalog open(String name, Map<String, String> properties) {
    throw new UnsupportedOperationException();
  }
}
