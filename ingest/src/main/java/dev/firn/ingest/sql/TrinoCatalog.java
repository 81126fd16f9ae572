package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import dev.firn.ingest.sql.QueriedLake.Kind;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What Trino's Iceberg connector is told of a lake. It only reads. */
public final class TrinoCatalog {
  private static final String JDBC = "iceberg.jdbc-catalog.";
  private static final String REST = "iceberg.rest-catalog.";
  private static final String DELEGATION = "X-Iceberg-Access-Delegation";

  private final QueriedLake lake;
  private final Translation words;

  private TrinoCatalog(QueriedLake lake) {
    this.lake = lake;
    this.words = new Translation(lake);
  }

  /**
   * The catalog's properties, in an order that reads well.
   *
   * @throws SettingsException something of the lake has no word in Trino
   */
  public static Map<String, String> of(QueriedLake lake) {
    return new TrinoCatalog(lake).properties();
  }

  /**
   * The same for the Trino that comes along.
   *
   * @throws SettingsException it lacks what this lake needs
   */
  public static Map<String, String> embedded(QueriedLake lake) {
    Kind kind = lake.kind();
    if (kind != Kind.JDBC && kind != Kind.REST) {
      throw new SettingsException(
          "the embedded Trino has no client of a %s catalog; ask a Trino of your own, for which firn sql --print-config trino prints the catalog"
              .formatted(kind.name().toLowerCase(Locale.ROOT)));
    }
    return of(lake);
  }

  private Map<String, String> properties() {
    words.say("connector.name", "iceberg");
    switch (lake.kind()) {
      case JDBC -> jdbc();
      case REST -> rest();
      case GLUE -> glue();
      case HIVE -> hive();
      case NESSIE -> nessie();
    }
    files();
    words.say("iceberg.security", "read_only");
    return words.finish("Trino");
  }

  private void jdbc() {
    words.say("iceberg.catalog.type", "jdbc");
    words.say(JDBC + "catalog-name", lake.name());
    JdbcAddress database = new JdbcAddress(words.require("uri"));
    words.say(JDBC + "driver-class", database.driver());
    Optional<String> schema = words.take("jdbc.schema-version");
    words.map("jdbc.user", JDBC + "connection-user");
    words.map("jdbc.password", JDBC + "connection-password");
    words.say(JDBC + "connection-url", database.with(words.takeBelow("jdbc.")).url());
    // Iceberg's default is the older one, Trino's is not.
    words.say(JDBC + "schema-version", schema.orElse("V0"));
    words.say(JDBC + "default-warehouse-dir", words.require("warehouse"));
  }

  private void rest() {
    words.say("iceberg.catalog.type", "rest");
    words.say(REST + "uri", words.require("uri"));
    words.map("warehouse", REST + "warehouse");
    words.map("prefix", REST + "prefix");
    if (lake.property("token").or(() -> lake.property("credential")).isPresent()) {
      words.say(REST + "security", "OAUTH2");
      words.map("token", REST + "oauth2.token");
      words.map("credential", REST + "oauth2.credential");
      words.map("oauth2-server-uri", REST + "oauth2.server-uri");
    } else if (words.take("rest.sigv4-enabled").filter("true"::equals).isPresent()) {
      words.say(REST + "security", "SIGV4");
      words.map("rest.signing-name", REST + "signing-name");
      words.take("rest.signing-region");
    }
    words.map("scope", REST + "oauth2.scope");
    words.map("token-refresh-enabled", REST + "oauth2.token-refresh-enabled");
    words.map("token-exchange-enabled", REST + "oauth2.token-exchange-enabled");
    headers();
  }

  private void headers() {
    Map<String, String> headers = words.takeBelow("header.");
    if (headers.remove(DELEGATION) != null) {
      words.say(REST + "vended-credentials-enabled", "true");
    }
    if (!headers.isEmpty()) {
      words.say(
          REST + "http-headers",
          headers.entrySet().stream()
              .map(header -> header.getKey() + ":" + header.getValue())
              .collect(Collectors.joining(",")));
    }
  }

  private void glue() {
    words.say("iceberg.catalog.type", "glue");
    words.map("glue.endpoint", "hive.metastore.glue.endpoint-url");
    words.map("glue.id", "hive.metastore.glue.catalogid");
    lake.property("client.region")
        .ifPresent(region -> words.say("hive.metastore.glue.region", region));
    words.map("warehouse", "hive.metastore.glue.default-warehouse-dir");
    words.take("glue.skip-name-validation");
    words.take("glue.skip-archive");
  }

  private void hive() {
    words.say("iceberg.catalog.type", "hive_metastore");
    words.say("hive.metastore.uri", words.require("uri"));
    words.take("warehouse");
  }

  private void nessie() {
    words.say("iceberg.catalog.type", "nessie");
    words.say("iceberg.nessie-catalog.uri", words.require("uri"));
    words.map("ref", "iceberg.nessie-catalog.ref");
    words.say("iceberg.nessie-catalog.default-warehouse-dir", words.require("warehouse"));
  }

  private void files() {
    if (lake.isOnDisk()) {
      words.say("fs.local.enabled", "true");
      words.say("local.location", "/");
    }
    if (lake.isOnS3()) {
      words.say("fs.s3.enabled", "true");
      s3();
    }
  }

  private void s3() {
    words.map("s3.endpoint", "s3.endpoint");
    words.map("s3.path-style-access", "s3.path-style-access");
    words.map("client.region", "s3.region");
    words.map("s3.access-key-id", "s3.aws-access-key");
    words.map("s3.secret-access-key", "s3.aws-secret-key");
    words.map("client.assume-role.arn", "s3.iam-role");
    words.map("client.assume-role.external-id", "s3.external-id");
    words.map("client.assume-role.session-name", "s3.role-session-name");
    words.map("client.assume-role.region", "s3.sts.region");
    words.map("s3.cross-region-access-enabled", "s3.cross-region-access");
    String encryption = words.take("s3.sse.type").orElse("none");
    switch (encryption.toLowerCase(Locale.ROOT)) {
      case "s3" -> words.say("s3.sse.type", "S3");
      case "kms" -> {
        words.say("s3.sse.type", "KMS");
        words.map("s3.sse.key", "s3.sse.kms-key-id");
      }
      case "custom" -> {
        words.say("s3.sse.type", "CUSTOMER");
        words.map("s3.sse.key", "s3.sse.customer-key");
      }
      default -> words.take("s3.sse.key");
    }
  }
}
