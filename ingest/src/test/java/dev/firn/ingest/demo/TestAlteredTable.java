package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

class TestAlteredTable {
  private static List<String> statements(long seed) {
    AlteredTable table = new AlteredTable("t", true, new SplittableRandom(seed));
    table.mayEmpty();
    List<String> all = new ArrayList<>(table.create());
    for (int i = 0; i < 200; i++) {
      all.addAll(table.changeRows());
      all.addAll(i % 2 == 0 ? table.alter() : table.changeTypes());
      table.ended(i % 5 > 0);
    }
    return all;
  }

  @Test
  void allFollowsFromTheSeed() {
    assertThat(statements(1)).isEqualTo(statements(1)).isNotEqualTo(statements(2));
  }

  @Test
  void everyAlterationComes() {
    List<String> all = new ArrayList<>();
    for (int seed = 0; seed < 20; seed++) {
      all.addAll(statements(seed));
    }
    assertThat(String.join("; ", all))
        .contains(" ADD ", " DEFAULT ", " DROP ", " RENAME ", " TYPE bigint ", " TYPE text ")
        .contains(" SET NOT NULL", "TRUNCATE ");
  }

  @Test
  void columnThatIsGivenUpIsWhatItWas() {
    AlteredTable table = new AlteredTable("t", true, new SplittableRandom(4));
    List<AlteredTable.Column> before = table.columns();
    for (int i = 0; i < 10; i++) {
      var unused = table.alter();
    }
    assertThat(table.columns()).isNotEqualTo(before);
    table.ended(false);
    assertThat(table.columns()).isEqualTo(before);
  }

  @Test
  void widerColumnHoldsTheNarrowerKind() {
    Type wide = Types.LongType.get();
    assertThat(ColumnKind.SMALL.fits(wide)).isTrue();
    assertThat(ColumnKind.BIG.fits(Types.IntegerType.get())).isFalse();
    assertThat(ColumnKind.PRICE.fits(Types.DecimalType.of(12, 2))).isTrue();
  }
}
