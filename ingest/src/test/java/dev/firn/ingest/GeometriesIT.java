package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.compaction.Compaction;
import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.ReplayedRows;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Geometries of a real PostGIS, compared with the WKB that it writes itself. */
class GeometriesIT {
  private static final String INSTALLING =
      "no PostgreSQL with PostGIS is installed (Debian: apt-get install postgresql-postgis)";

  private static Optional<PostgresServer> server = Optional.empty();
  private static int tests;

  @TempDir private Path folder;
  private SourceAndLake lake;

  @BeforeAll
  static void startServer() {
    server = PostgresServer.startWith("postgis");
    assumeTrue(server.isPresent(), INSTALLING);
  }

  @AfterAll
  static void stopServer() {
    server.ifPresent(PostgresServer::close);
  }

  @BeforeEach
  void makeSchema() throws SQLException {
    lake = new SourceAndLake(server.orElseThrow(), folder, "geometries_" + ++tests);
    lake.execute("CREATE EXTENSION IF NOT EXISTS postgis");
    lake.set("columns.as-geometry", "s\\..*\\.(place|shape)");
    lake.set("maintenance", "false");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    lake.close();
  }

  private void insert(String table, int from) throws SQLException {
    lake.execute(
        """
        INSERT INTO s.%s (id, n, place, shape, plain)
        SELECT %d + ordinality, 0, ST_SetSRID(ST_MakePoint(ordinality, 2), 4326), g, g
          FROM unnest(ARRAY[
            'POINT(1 2)', 'SRID=4326;POINT Z (1 2 3)', 'POINT M (1 2 3)', 'POINT ZM (1 2 3 4)',
            'POINT EMPTY', 'SRID=4326;LINESTRING(0 0, 1e-300 -1e300)', NULL,
            'POLYGON((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))', 'POLYGON EMPTY',
            'MULTIPOINT(1 2, EMPTY)', 'MULTILINESTRING Z ((0 0 1, 1 1 2), (2 2 3, 3 3 4))',
            'SRID=4326;MULTIPOLYGON(((0 0, 9 0, 9 9, 0 0)), ((1 1, 2 1, 2 2, 1 1)))',
            'SRID=4326;GEOMETRYCOLLECTION(POINT(1 2), GEOMETRYCOLLECTION(LINESTRING(0 0, 1 1), POINT EMPTY))',
            'GEOMETRYCOLLECTION EMPTY', ST_AsEWKT(ST_Segmentize('LINESTRING(0 0, 5000 1)'::geometry, 1))
          ]::geometry[]) WITH ORDINALITY AS t(g)\
        """
            .formatted(table, from));
  }

  private void create(String table, String key) throws SQLException {
    lake.execute(
        "CREATE TABLE s.%s (id int %s, n int, place geometry(Point, 4326), shape geometry, plain geometry)"
            .formatted(table, key));
    lake.execute("ALTER TABLE s.%s ALTER shape SET STORAGE EXTERNAL".formatted(table));
  }

  @Test
  void geometriesAreThoseOfTheSourceWhateverHappens() throws Exception {
    create("t", "PRIMARY KEY");
    create("keyless", "");
    lake.execute("ALTER TABLE s.keyless REPLICA IDENTITY FULL");
    insert("t", 0);
    insert("keyless", 0);
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      insert("t", 100);
      insert("keyless", 0);
      // The large one that stays is not sent again.
      lake.execute("UPDATE s.t SET n = 1");
      lake.execute("UPDATE s.t SET shape = ST_Translate(shape, 1, 1) WHERE id % 2 = 0");
      lake.execute("UPDATE s.t SET id = id + 1000 WHERE id > 110");
      lake.execute("DELETE FROM s.keyless WHERE id % 3 = 0 AND ctid < '(1,0)'");
      lake.awaitCaughtUp(engine);
      requireEqual("t");
      requireEqual("keyless");
      Compaction.of(
              "t",
              new CompactionSettings(128L << 20, CompactionMode.ALL),
              Progress.NONE,
              Pacer.NONE)
          .run(lake.table("t"), InstantSource.system());
      lake.execute("UPDATE s.t SET n = 2 WHERE id < 50");
      lake.awaitCaughtUp(engine);
    }
    requireEqual("t");
    requireTold("t", List.of("id"));
    requireTold("keyless", List.of());
    assertThat(lake.table("t").schema().findType("shape")).isEqualTo(Types.GeometryType.crs84());
    assertThat(lake.table("t").schema().findType("plain")).isEqualTo(Types.BinaryType.get());
    assertThat(hasBounds(lake.table("t"), "place")).isTrue();
  }

  private void requireEqual(String table) {
    assertThat(lake.rows(table, "id", "n", "place", "shape"))
        .containsExactlyInAnyOrderElementsOf(
            lake.query(
                "SELECT id, n, encode(ST_AsBinary(place), 'hex'), encode(ST_AsBinary(shape), 'hex') FROM s."
                    + table));
  }

  /** Baseline and changelog lead to the table. */
  private void requireTold(String table, List<String> key) {
    String[] columns = {"id", "n", "place", "shape"};
    List<List<String>> rows = new ArrayList<>();
    ReplayedRows.of(lake.table(table), lake.table(table + "_changelog"), List.of(columns), key)
        .forEach(row -> rows.add(Stream.of(row).map(String::valueOf).toList()));
    assertThat(rows).containsExactlyInAnyOrderElementsOf(lake.rows(table, columns));
  }

  /** Which files hold a place can be told without reading them. */
  private static boolean hasBounds(Table table, String column) throws Exception {
    int id = table.schema().findField(column).fieldId();
    try (CloseableIterable<FileScanTask> files = table.newScan().includeColumnStats().planFiles()) {
      for (FileScanTask file : files) {
        if (!file.file().lowerBounds().containsKey(id)) {
          return false;
        }
      }
      return true;
    }
  }

  @Test
  void geometryThatItsColumnCannotHoldGoesToTheQuarantine() throws Exception {
    lake.set("bad-events", "quarantine");
    lake.set("columns.geometry-crs", "EPSG:3857");
    lake.execute("CREATE TABLE s.t (id int PRIMARY KEY, shape geometry)");
    lake.execute("INSERT INTO s.t VALUES (1, 'SRID=3857;POINT(1 2)'), (2, 'SRID=4326;POINT(1 2)')");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "INSERT INTO s.t VALUES (3, 'CIRCULARSTRING(0 0, 1 1, 2 0)'), (4, 'POINT(1 2)')");
      lake.awaitCaughtUp(engine);
    }
    String point = "0101000000000000000000f03f0000000000000040";
    assertThat(lake.rows("t", "id", "shape"))
        .containsExactlyInAnyOrder(
            List.of("1", point), List.of("2", "null"), List.of("3", "null"), List.of("4", point));
    assertThat(lake.table("t").schema().findType("shape"))
        .isEqualTo(Types.GeometryType.of("EPSG:3857"));
    assertThat(lake.setAside("shape"))
        .containsExactlyInAnyOrder(
            "a geometry of another reference system than its column's (SRID 3857)",
            "a geometry with curves or surfaces of several parts");
  }

  @Test
  void whatCannotBeAGeometryIsNamed() throws Exception {
    lake.execute("CREATE TABLE s.t (shape geometry PRIMARY KEY)");
    assertThatThrownBy(() -> lake.start())
        .hasMessageContaining("column shape of table s.t is part of the key")
        .hasMessageContaining("take it out of debezium.sink.iceberg.columns.as-geometry");
    lake.execute("DROP TABLE s.t");
    lake.execute("CREATE TABLE s.t (id int PRIMARY KEY, shape geometry)");
    lake.set("format-version", "2");
    assertThatThrownBy(() -> lake.start())
        .hasMessageContaining("which tables of format-version=2 cannot have; take it out of");
    lake.set("columns.geometry-crs", "WGS84");
    assertThatThrownBy(() -> lake.start())
        .hasMessageContaining("columns.geometry-crs=WGS84")
        .hasMessageContaining("OGC:CRS84, EPSG:<number> or srid:<number>");
  }
}
