package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import dev.firn.ingest.sql.QueriedLake.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Settings by which an engine reads a lake, to paste; no secret is among them. */
public enum PrintedConfig {
  TRINO {
    @Override
    List<String> lines(QueriedLake lake) {
      List<String> lines = new ArrayList<>();
      lines.add(
          "# etc/catalog/lake.properties of a Trino; it reads ${ENV:...} from its environment.");
      if (lake.kind() == Kind.JDBC && new JdbcAddress(lake.property("uri").orElse("")).isSqlite()) {
        lines.add("# SQLite's driver (sqlite-jdbc-*.jar) must lie in its folder plugin/iceberg.");
      }
      TrinoCatalog.of(lake)
          .forEach((key, value) -> lines.add(key + "=" + value.replace("${", "${ENV:")));
      return lines;
    }
  },
  SPARK {
    @Override
    List<String> lines(QueriedLake lake) {
      List<String> lines = new ArrayList<>();
      lines.add(
          "# For spark-sql or spark-submit --properties-file; replace what stands in ${...}.");
      lines.add(
          "spark.sql.extensions org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions");
      String catalog = "spark.sql.catalog." + sparkName(lake, lines);
      lines.add(catalog + " org.apache.iceberg.spark.SparkCatalog");
      new TreeMap<>(lake.properties())
          .forEach((key, value) -> lines.add("%s.%s %s".formatted(catalog, key, value)));
      lines.add("# Each statement sees what the writer has committed until then.");
      lines.add(catalog + ".cache-enabled false");
      return lines;
    }

    private static String sparkName(QueriedLake lake, List<String> lines) {
      if (lake.kind() != Kind.JDBC || lake.name().equals(CATALOG)) {
        return CATALOG;
      }
      lines.add("# A JDBC catalog stores its name with each table: Spark must use the same.");
      return lake.name();
    }
  },
  PYICEBERG {
    @Override
    List<String> lines(QueriedLake lake) {
      return PyIcebergConfig.lines(lake);
    }
  },
  DUCKDB {
    @Override
    List<String> lines(QueriedLake lake) {
      return DuckDbConfig.lines(lake);
    }
  };

  /** What the catalog is called in every engine. */
  public static final String CATALOG = "lake";

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  abstract List<String> lines(QueriedLake lake);

  /**
   * The settings.
   *
   * @param variables the environment variables that secrets come from, by property
   * @throws SettingsException this engine cannot read the lake
   */
  public String text(QueriedLake lake, Map<String, String> variables) {
    return String.join(System.lineSeparator(), lines(lake.withPlaceholders(variables)));
  }
}
