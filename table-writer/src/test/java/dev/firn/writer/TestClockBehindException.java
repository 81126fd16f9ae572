package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestClockBehindException {
  @TempDir private Path folder;

  @Test
  void clockThatIsRightIsNoReason() {
    Table table = WriterFixture.open(folder).started(1).table();
    assertThat(ClockBehindException.of("t", table, Instant.now())).isEmpty();
    RuntimeException other = new IllegalArgumentException("Cannot add duplicate file");
    assertThat(ClockBehindException.orElse(other, "t", table)).isSameAs(other);
  }

  @Test
  void clockThatIsBehindIsNamedWithTheTimeThatItLacks() {
    Table table = WriterFixture.open(folder).started(1).table();
    Instant earlier = Instant.now().minus(Duration.ofMinutes(150));
    assertThat(ClockBehindException.of("t", table, earlier))
        .get()
        .extracting(Throwable::getMessage)
        .asString()
        .contains("2 h ", "last commit of table t", "set the clock right");
  }

  /** Between the refusal and the look at the clock somebody may have set it right. */
  @Test
  void whatIcebergRefusedForTheClockPassesAlsoWhenItIsRightByThen() {
    Table table = WriterFixture.open(folder).started(1).table();
    RuntimeException refusal = refusal(table);
    assertThat(ClockBehindException.orElse(refusal, "t", table))
        .isInstanceOf(ClockBehindException.class)
        .hasMessageContaining("was behind the last commit of table t");
    assertThat(Failures.mayPass(ClockBehindException.orElse(refusal, "t", table))).isTrue();
  }

  /** What Iceberg says of metadata that are older than the snapshots in them. */
  private static RuntimeException refusal(Table table) {
    TableMetadata metadata = ((BaseTable) table).operations().current();
    String behind =
        TableMetadataParser.toJson(metadata)
            .replace(
                "\"last-updated-ms\":" + metadata.lastUpdatedMillis(),
                "\"last-updated-ms\":" + (metadata.lastUpdatedMillis() - 7_200_000));
    try {
      var unused = TableMetadataParser.fromJson(behind);
      throw new AssertionError("Iceberg took it");
    } catch (IllegalArgumentException e) {
      return e;
    }
  }
}
