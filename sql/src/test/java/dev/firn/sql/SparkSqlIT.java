package dev.firn.sql;

import static dev.firn.sql.ShopLake.CUSTOMERS;
import static dev.firn.sql.ShopLake.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Puts every question of sql/spark to a real Spark, on a lake that Firn's writer has filled. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SparkSqlIT implements ShopQuestions.Dialect {
  private ShopQuestions questions;

  @BeforeAll
  void start(@TempDir Path folder) {
    Optional<Path> java = Spark.findJava();
    assumeTrue(java.isPresent(), Spark.NO_JDK);
    ShopLake lake = ShopLake.fill(folder);
    Engine spark = Spark.open(java.orElseThrow(), CatalogFile.embedded("embedded", folder), folder);
    questions = new ShopQuestions(Path.of("spark"), spark, lake, this);
  }

  @TestFactory
  Stream<DynamicTest> everyFileAnswersAsExpected() {
    return ShopQuestions.files().stream()
        .map(file -> DynamicTest.dynamicTest(file, () -> questions.ask(file)));
  }

  @Test
  void sparkReadsWhatIcebergReads() {
    questions.compareWithIceberg();
  }

  @Override
  public void lookAround(List<Answer> answers, ShopLake lake) {
    assertThat(answers.get(0).lines()).containsExactly("firn", "shop");
    assertThat(answers.get(1).lines("tableName"))
        .containsExactly("customers", "customers_changelog", "orders", "orders_changelog");
    assertThat(answers.get(2).lines("col_name", "data_type"))
        .containsExactly("id|bigint", "customer_id|int", "status|string", "total|decimal(10,2)");
    assertThat(answers.get(3).lines("name", "type"))
        .containsExactly("firn_baseline|TAG", "firn_guard|BRANCH", "main|BRANCH");
    assertThat(answers.get(4).lines("states")).containsExactly("6");
    assertThat(answers.get(5).lines())
        .filteredOn(line -> !line.contains("_changelog|"))
        .containsExactly(
            "pipeline|shop|5|0/1600|NULL",
            "table|shop.customers|5|0/1600|" + lake.snapshot(CUSTOMERS, 5),
            "table|shop.orders|5|0/1600|" + lake.snapshot(ORDERS, 5));
  }

  @Override
  public boolean listsSteps() {
    return false;
  }
}
