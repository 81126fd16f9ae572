package dev.firn.sql;

import static dev.firn.sql.ShopLake.CUSTOMERS;
import static dev.firn.sql.ShopLake.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Puts every question of sql/trino to a real Trino, on a lake that Firn's writer has filled. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TrinoSqlIT implements ShopQuestions.Dialect {
  private TrinoLake trino;
  private ShopQuestions questions;

  @BeforeAll
  void start(@TempDir Path folder) {
    Optional<Path> java = Trino.findJava();
    assumeTrue(java.isPresent(), Trino.NO_JDK);
    ShopLake lake = ShopLake.fill(folder);
    trino = TrinoLake.open(java.orElseThrow(), CatalogFile.embedded("embedded", folder), folder);
    questions = new ShopQuestions(Path.of("trino"), trino, lake, this);
  }

  @AfterAll
  void stop() throws SQLException {
    if (trino != null) {
      trino.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyFileAnswersAsExpected() {
    return ShopQuestions.files().stream()
        .map(file -> DynamicTest.dynamicTest(file, () -> questions.ask(file)));
  }

  @Test
  void trinoReadsWhatIcebergReads() {
    questions.compareWithIceberg();
  }

  @Test
  void readersChangeNothing() {
    assertThatThrownBy(() -> trino.ask("DELETE FROM lake.shop.orders"))
        .hasMessageContaining("Access Denied");
    assertThatThrownBy(() -> trino.ask("ALTER TABLE lake.shop.orders EXECUTE optimize"))
        .hasMessageContaining("Access Denied");
  }

  @Override
  public void lookAround(List<Answer> answers, ShopLake lake) {
    assertThat(answers.get(0).lines())
        .contains("firn|shop", "shop|customers", "shop|orders", "shop|orders_changelog");
    assertThat(answers.get(1).lines())
        .containsExactly(
            "id|bigint|NO",
            "customer_id|integer|YES",
            "status|varchar|YES",
            "total|decimal(10,2)|YES");
    assertThat(answers.get(2).lines("name", "type"))
        .containsExactly("firn_baseline|TAG", "firn_guard|BRANCH", "main|BRANCH");
    assertThat(answers.get(3).lines("states")).containsExactly("7");
    assertThat(answers.get(4).lines())
        .filteredOn(line -> !line.contains("_changelog|"))
        .containsExactly(
            "pipeline|shop|5|0/1600|NULL",
            "table|shop.customers|5|0/1600|" + lake.snapshot(CUSTOMERS, 5),
            "table|shop.orders|5|0/1600|" + lake.snapshot(ORDERS, 5));
  }

  @Override
  public boolean listsSteps() {
    return true;
  }
}
