package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TestRowComparison {
  private static final List<String> COLUMNS = List.of("id", "name", "price");

  private record Rows(List<@Nullable String[]> rows) implements CanonicalRows {
    @Override
    public List<String> columns() {
      return COLUMNS;
    }

    @Override
    public void forEach(Visitor visitor) {
      rows.forEach(visitor::row);
    }
  }

  private static Rows thousand() {
    List<@Nullable String[]> rows = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      rows.add(new @Nullable String[] {"" + i, i % 7 == 0 ? null : "name " + i, i + ".50"});
    }
    return new Rows(rows);
  }

  private static RowComparison.Result compare(Rows source, Rows lake) {
    return RowComparison.compare(source, lake, List.of("id"));
  }

  @Test
  void orderDoesNotMatter() {
    Rows lake = new Rows(new ArrayList<>(thousand().rows().reversed()));
    RowComparison.Result result = compare(thousand(), lake);
    assertThat(result.equal()).isTrue();
    assertThat(result.sourceRows()).isEqualTo(1000);
    assertThat(result.lakeRows()).isEqualTo(1000);
  }

  @Test
  void differingValueIsFoundAndItsColumnNamed() {
    Rows lake = thousand();
    lake.rows().get(417)[2] = "417.51";
    assertThat(compare(thousand(), lake).differences())
        .extracting(RowComparison.Difference::toString)
        .containsExactly("id=417: differs in price");
  }

  @Test
  void nullIsNotTheEmptyText() {
    Rows lake = thousand();
    lake.rows().get(7)[1] = "";
    assertThat(compare(thousand(), lake).differences())
        .extracting(RowComparison.Difference::toString)
        .containsExactly("id=7: differs in name");
  }

  @Test
  void missingRowIsFound() {
    Rows lake = thousand();
    lake.rows().remove(3);
    RowComparison.Result result = compare(thousand(), lake);
    assertThat(result.lakeRows()).isEqualTo(999);
    assertThat(result.differences())
        .extracting(RowComparison.Difference::toString)
        .containsExactly("id=3: missing in the lake");
  }

  @Test
  void rowThatOnlyTheLakeHasIsFound() {
    Rows source = thousand();
    source.rows().remove(999);
    assertThat(compare(source, thousand()).differences())
        .extracting(RowComparison.Difference::toString)
        .containsExactly("id=999: only in the lake");
  }

  @Test
  void doubledRowIsFound() {
    Rows lake = thousand();
    lake.rows().add(lake.rows().get(12));
    assertThat(compare(thousand(), lake).differences())
        .extracting(RowComparison.Difference::toString)
        .containsExactly("id=12: 1 rows at the source, 2 in the lake");
  }

  @Test
  void doubledRowThatHidesAMissingOneIsFound() {
    Rows lake = thousand();
    lake.rows().set(5, lake.rows().get(6));
    RowComparison.Result result = compare(thousand(), lake);
    assertThat(result.lakeRows()).isEqualTo(1000);
    assertThat(result.differences()).hasSize(2);
  }

  @Test
  void allThatDiffersIsCounted() {
    Rows lake = thousand();
    lake.rows().subList(100, 300).clear();
    lake.rows().addAll(thousand().rows().subList(0, 60));
    lake.rows().add(new @Nullable String[] {"2000", null, null});
    lake.rows().get(77)[2] = "0.00";
    assertThat(compare(thousand(), lake).counts()).isEqualTo(new RowComparison.Counts(200, 61, 1));
    assertThat(compare(thousand(), thousand()).counts()).isEqualTo(RowComparison.Counts.NONE);
  }

  @Test
  void keylessRowsAreComparedAsAMultiset() {
    Rows lake = thousand();
    lake.rows().add(lake.rows().get(12));
    assertThat(RowComparison.compare(thousand(), lake, List.of()).equal()).isFalse();
    Rows source = thousand();
    source.rows().add(source.rows().get(12));
    assertThat(RowComparison.compare(source, lake, List.of()).equal()).isTrue();
  }

  @Test
  void emptyLakeNamesAFewKeysOnly() {
    assertThat(compare(thousand(), new Rows(new ArrayList<>())).differences()).hasSize(5);
  }
}
