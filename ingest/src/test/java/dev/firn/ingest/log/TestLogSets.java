package dev.firn.ingest.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.PipelineException;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class TestLogSets {
  private static final String A = "24da167f-0c0c-11e8-8442-00059a3c7b00";
  private static final String B = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

  @Test
  void mySqlSetsAreWrittenAsTheServerDoes() {
    assertThat(MySqlGtids.parse(B + ":1,\n" + A.toUpperCase(Locale.ROOT) + ":7:1-3:4-5"))
        .hasToString(A + ":1-5:7," + B + ":1");
    assertThat(MySqlGtids.parse(A + ":1-2:mon:3-4:tue:1"))
        .hasToString(A + ":1-2," + A + ":mon:3-4," + A + ":tue:1");
  }

  /** Contained in is not less than: a gap may be filled later, and servers know no order. */
  @Test
  void mySqlSetContainsWhatIsInIt() {
    MySqlGtids set = MySqlGtids.parse(A + ":1-5:9," + B + ":1-2");
    assertThat(set.containsAll(MySqlGtids.parse(A + ":2-4:9"))).isTrue();
    assertThat(set.containsAll(MySqlGtids.parse(A + ":7"))).isFalse();
    assertThat(set.containsAll(MySqlGtids.parse(A + ":5-6"))).isFalse();
    assertThat(set.containsAll(MySqlGtids.parse(B + ":3"))).isFalse();
    assertThat(set.containsAll(MySqlGtids.parse("4f11fa47-71ca-11e1-9e33-c80aa9429562:1")))
        .isFalse();
  }

  @Test
  void mySqlSetIsTheSameInWhateverOrderItWasFilled() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      TreeSet<Integer> numbers = new TreeSet<>();
      MySqlGtids set = MySqlGtids.parse(A + ":50");
      numbers.add(50);
      for (int i = 0; i < 40; i++) {
        int first = 1 + random.nextInt(90);
        int last = first + random.nextInt(6);
        set = set.with(MySqlGtids.parse(A + ":" + first + "-" + last));
        for (int number = first; number <= last; number++) {
          numbers.add(number);
        }
        for (int number = 1; number < 100; number++) {
          assertThat(set.containsAll(MySqlGtids.parse(A + ":" + number)))
              .as("seed %d, number %d in %s", seed, number, set)
              .isEqualTo(numbers.contains(number));
        }
        assertThat(MySqlGtids.parse(set.toString())).isEqualTo(set);
      }
    }
  }

  /** What is asked of a server whose log is another one's now. */
  @Test
  void placeCoversAnotherByTheRulesOfItsServer() {
    BinlogLog mySql = BinlogLog.mySql();
    assertThat(mySql.covers(A + ":1-5", A + ":2-3")).isTrue();
    assertThat(mySql.covers(A + ":1-5", A + ":6")).isFalse();
    assertThat(mySql.covers(A + ":1-5", B + ":1")).isFalse();
    assertThat(mySql.covers("", A + ":1")).isFalse();
    assertThat(mySql.covers("", "")).isTrue();
    BinlogLog mariaDb = BinlogLog.mariaDb();
    assertThat(mariaDb.covers("0-8-22", "0-7-21")).isTrue();
    assertThat(mariaDb.covers("0-8-20", "0-7-21")).isFalse();
    assertThat(mariaDb.covers("", "0-7-21")).isFalse();
  }

  @Test
  void mariaDbCountsByDomainAndServer() {
    MariaDbGtids set = MariaDbGtids.parse("0-7-20,3-9-1").with(MariaDbGtids.parse("0-8-21"));
    assertThat(set).hasToString("0-7-20,0-8-21,3-9-1");
    assertThat(set.containsAll(MariaDbGtids.parse("0-7-19"))).isTrue();
    assertThat(set.containsAll(MariaDbGtids.parse("0-8-21"))).isTrue();
    assertThat(set.containsAll(MariaDbGtids.parse("0-7-21"))).isFalse();
    assertThat(set.containsAll(MariaDbGtids.parse("0-6-1"))).isFalse();
    assertThat(set.containsAll(MariaDbGtids.parse("1-7-1"))).isFalse();
  }

  @Test
  void filesAreOrderedByTheirNumber() {
    BinlogPlace last = BinlogPlace.parse("mysql-bin.999999/900");
    BinlogPlace next = BinlogPlace.parse("mysql-bin.1000000/4");
    assertThat(next.contains(last)).isTrue();
    assertThat(last.contains(next)).isFalse();
    assertThat(next).hasToString("mysql-bin.1000000/4");
    assertThat(BinlogPlace.parse("a.b.000010/4").contains(BinlogPlace.parse("a.b.000009/157")))
        .isTrue();
  }

  @Test
  void placesInTwoLogsHaveNoOrder() {
    BinlogPlace lake = BinlogPlace.parse("mysql-bin.000003/157");
    assertThatThrownBy(() -> lake.contains(BinlogPlace.parse("other-bin.000001/157")))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("other-bin");
  }

  @Test
  void databasesMayBeCalledAnything() {
    CommitLsns lsns =
        CommitLsns.of("a]b[c", "00000027:00000AC0:0002")
            .with(CommitLsns.of("", "00000001:00000001:0001"));
    assertThat(CommitLsns.parse(lsns.toString())).isEqualTo(lsns);
    assertThat(lsns.containsAll(CommitLsns.of("a]b[c", "00000027:00000ac0:0002"))).isTrue();
    assertThat(lsns.containsAll(CommitLsns.of("a]b[c", "00000027:00000ac0:0003"))).isFalse();
    assertThat(lsns.containsAll(CommitLsns.of("d", "00000001:00000001:0001"))).isFalse();
    assertThat(CommitLsns.before("00000028:00000000:0000")).isEqualTo("00000027:ffffffff:ffff");
  }

  @Test
  void commitsAtOneScnAreToldApartByTheirTransactions() {
    CommitScns lake = CommitScns.parse("100:1:aa-bb,90:2:cc");
    assertThat(lake.containsAll(CommitScns.parse("100:1:aa"))).isTrue();
    assertThat(lake.containsAll(CommitScns.parse("100:1:dd"))).isFalse();
    assertThat(lake.containsAll(CommitScns.parse("95:2:dd"))).isFalse();
    assertThat(lake.containsAll(CommitScns.parse("89:2:dd"))).isTrue();
    assertThat(lake.containsAll(CommitScns.parse("1:3:dd"))).isFalse();
    assertThat(
            CommitScns.upTo(BigInteger.valueOf(95))
                .with(lake)
                .containsAll(CommitScns.parse("95:2:dd")))
        .isTrue();
    assertThat(CommitScns.parse("9999999999999999999:1:aa").containsAll(lake.of("aa"))).isTrue();
  }

  @Test
  void transactionThatIsNotAmongTheCommitsStops() {
    assertThatThrownBy(() -> CommitScns.parse("100:1:aa").of("bb"))
        .isInstanceOf(PipelineException.class);
  }

  @Test
  void tokensAreOrderedByTheirBytes() {
    ResumeToken mark = ResumeToken.parse("8263F8C6D2000000012B0429296E1404");
    ResumeToken first = ResumeToken.parse("8263F8C6D2000000012B042C0100296E5A1004");
    ResumeToken second = ResumeToken.parse("8263F8C6D2000000012B042C01002B026E5A1004");
    assertThat(first.contains(mark)).isTrue();
    assertThat(second.contains(first)).isTrue();
    assertThat(first.contains(second)).isFalse();
    assertThat(first.clusterTime()).isEqualTo(second.clusterTime());
    assertThat(mark.contains(first.beforeItsClusterTime())).isTrue();
    assertThat(first.beforeItsClusterTime().contains(mark)).isFalse();
  }
}
