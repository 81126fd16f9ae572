package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TestAlteredTable {
  private static List<String> statements(TortureSql sql, long seed) {
    AlteredTable table = new AlteredTable(sql, "t", true, new SplittableRandom(seed));
    table.mayEmpty();
    List<String> all = new ArrayList<>(table.create());
    for (int i = 0; i < 200; i++) {
      all.addAll(table.changeRows());
      all.addAll(i % 2 == 0 ? table.alter() : table.changeTypes());
      table.ended(i % 5 > 0);
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource
  void allFollowsFromTheSeed(TortureSql sql) {
    assertThat(statements(sql, 1)).isEqualTo(statements(sql, 1)).isNotEqualTo(statements(sql, 2));
  }

  private static String all(TortureSql sql) {
    List<String> all = new ArrayList<>();
    for (int seed = 0; seed < 20; seed++) {
      all.addAll(statements(sql, seed));
    }
    return String.join("; ", all);
  }

  @Test
  void everyAlterationComes() {
    assertThat(all(TortureSql.POSTGRES))
        .contains(" ADD ", " DEFAULT ", " DROP ", " RENAME ", " TYPE bigint ", " TYPE text ")
        .contains(" SET NOT NULL", "TRUNCATE ");
    assertThat(all(TortureSql.MARIADB))
        .contains(" ADD ", " DEFAULT (", " DROP ", " RENAME ", " bigint NULL", " text NULL")
        .contains(" CHANGE ", " NOT NULL;", "TRUNCATE ")
        .doesNotContain("ctid", "::", "generate_series", "STORAGE");
  }

  @Test
  void columnThatIsGivenUpIsWhatItWas() {
    AlteredTable table = new AlteredTable(TortureSql.POSTGRES, "t", true, new SplittableRandom(4));
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
    TortureSql sql = TortureSql.POSTGRES;
    assertThat(ColumnKind.SMALL.fits(sql, wide)).isTrue();
    assertThat(ColumnKind.BIG.fits(sql, Types.IntegerType.get())).isFalse();
    assertThat(ColumnKind.PRICE.fits(sql, Types.DecimalType.of(12, 2))).isTrue();
    assertThat(ColumnKind.FLAG.fits(sql, Types.IntegerType.get())).isFalse();
    assertThat(ColumnKind.FLAG.fits(TortureSql.MARIADB, Types.IntegerType.get())).isTrue();
  }
}
