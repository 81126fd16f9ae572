package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestAskOnceJdbcCatalog {
  @TempDir private Path folder;

  /** What PostgreSQL's driver says when the connection broke with the statement under way. */
  @Test
  void statementIsSentOnceAlsoWhenTheConnectionBreaks() throws Exception {
    Map<String, String> properties = Map.of("uri", "jdbc:sqlite:" + folder.resolve("catalog.db"));
    AtomicInteger sent = new AtomicInteger();
    try (AskOnceJdbcCatalog.Pool pool = new AskOnceJdbcCatalog.Pool(properties)) {
      assertThatThrownBy(() ->
              pool.run(connection -> {
                sent.incrementAndGet();
                connection.close();
                throw new SQLException("An I/O error occurred", "08006");
              }))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("An I/O error occurred");
      assertThat(sent).hasValue(1);
      assertThat(pool.<Boolean>run(connection -> !connection.isClosed())).isTrue();
    }
  }

  @Test
  void everyJdbcCatalogIsOne() throws Exception {
    Files.createDirectory(folder.resolve("a"));
    Files.createDirectory(folder.resolve("b"));
    assertThat(Lake.open("lake", Lake.embedded(folder.resolve("a"))))
        .isInstanceOf(AskOnceJdbcCatalog.class);
    Map<String, String> typed = new HashMap<>(Lake.embedded(folder.resolve("b")));
    typed.remove("catalog-impl");
    typed.put("type", "jdbc");
    assertThat(Lake.open("lake", typed)).isInstanceOf(AskOnceJdbcCatalog.class);
    typed.remove("type");
    typed.put("catalog-impl", JdbcCatalog.class.getName());
    assertThat(Lake.open("lake", typed)).isInstanceOf(AskOnceJdbcCatalog.class);
  }
}
