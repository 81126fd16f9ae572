package dev.firn.sql;

import dev.firn.testing.RestCatalog;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.catalog.Catalog;

/** An empty lake behind a REST catalog, with its files on an S3 server. */
final class LakeOnS3 implements AutoCloseable {
  private final S3Server s3;
  private final Catalog behind;
  private final RestCatalog rest;
  private final Catalog catalog;

  private LakeOnS3(S3Server s3, Catalog behind, RestCatalog rest, Catalog catalog) {
    this.s3 = s3;
    this.behind = behind;
    this.rest = rest;
    this.catalog = catalog;
  }

  /**
   * Starts both servers.
   *
   * @param folder where they keep what they have
   */
  static LakeOnS3 start(Path folder) {
    S3Server s3 = S3Server.start(folder.resolve("s3"));
    Map<String, String> kept = new HashMap<>(Lake.embedded(folder));
    kept.putAll(s3.fileIo());
    kept.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    Catalog behind = Lake.open("behind", kept);
    RestCatalog rest = RestCatalog.before(behind);
    Map<String, String> asked = new HashMap<>(s3.fileIo());
    asked.putAll(rest.properties());
    return new LakeOnS3(s3, behind, rest, Lake.open(Lake.DEFAULT_NAME, asked));
  }

  /** As the writer opens it. */
  Catalog catalog() {
    return catalog;
  }

  /** As the engines do. */
  CatalogFile file() {
    return CatalogFile.onS3(rest, s3);
  }

  @Override
  public void close() throws IOException {
    Lake.closing(catalog).close();
    rest.close();
    Lake.closing(behind).close();
    s3.close();
  }
}
