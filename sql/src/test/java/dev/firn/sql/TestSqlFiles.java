package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TestSqlFiles {
  /** Each of these lists is run in full by a test of its own: a file in none of them is by none. */
  @Test
  void everyFileIsRunByATest() {
    assertThat(namesIn("trino")).isEqualTo(all(ShopQuestions.files(), TrinoMaintenanceIT.FILES));
    assertThat(namesIn("spark")).isEqualTo(all(ShopQuestions.files(), SparkMaintenanceIT.FILES));
  }

  @ParameterizedTest
  @ValueSource(strings = {"trino", "spark"})
  void everyParameterIsExplainedInItsFile(String folder) {
    for (SqlFile file : files(folder)) {
      assertThat(file.explained()).as(file.path().toString()).isEqualTo(file.used());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"trino", "spark"})
  void catalogIsCalledLakeEverywhere(String folder) {
    for (SqlFile file : files(folder)) {
      assertThat(file.withoutComments()).as(file.path().toString()).contains("lake");
    }
  }

  /** A question has the same name, and asks for the same words, in both engines. */
  @Test
  void questionsHaveTheSameParametersInBothEngines() {
    for (String name : ShopQuestions.files()) {
      assertThat(SqlFile.read(Path.of("spark", name)).used())
          .as(name)
          .isEqualTo(SqlFile.read(Path.of("trino", name)).used());
    }
  }

  private static List<SqlFile> files(String folder) {
    return SqlFile.namesIn(Path.of(folder)).stream()
        .map(name -> SqlFile.read(Path.of(folder, name)))
        .toList();
  }

  private static Set<String> namesIn(String folder) {
    return new TreeSet<>(SqlFile.namesIn(Path.of(folder)));
  }

  private static Set<String> all(Collection<String> some, Collection<String> others) {
    Set<String> all = new TreeSet<>(some);
    all.addAll(others);
    return all;
  }
}
