package dev.firn.ingest;

import static dev.firn.ingest.Events.change;
import static dev.firn.ingest.Events.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.PipelineException;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowKeys;
import dev.firn.writer.RowTarget;
import dev.firn.writer.Unavailable;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class TestTableDecoder {
  private static final org.apache.kafka.connect.data.Schema KEY =
      SchemaBuilder.struct().field("id", org.apache.kafka.connect.data.Schema.INT32_SCHEMA).build();

  private final TableDecoder keyed = Events.decoder(List.of("id"));
  private final TableDecoder keyless = Events.decoder(List.of());

  private static RowChange decode(TableDecoder decoder, SourceRecord event) {
    return decoder.changes(event).getFirst().change();
  }

  @Test
  void insertHasItsRow() {
    RowChange.Insert insert =
        (RowChange.Insert) decode(keyed, change(1, "c", null, row(1, "a"), null));
    assertThat(insert.row().get(0)).isEqualTo(1);
    assertThat(insert.row().get(1)).isEqualTo("a");
  }

  @Test
  void keyOfADeletedRowIsThatOfItsInsert() {
    RowChange.Insert insert =
        (RowChange.Insert) decode(keyed, change(1, "c", null, row(1, "a"), null));
    assertThat(decode(keyed, change(1, "d", row(1, null), null, null)))
        .isInstanceOfSatisfying(
            RowChange.Delete.class,
            delete -> {
              assertThat(delete.key()).isEqualTo(insert.key());
              assertThat(delete.row().get(0)).isEqualTo(1);
              assertThat(delete.row().get(1)).isNull();
            });
  }

  @Test
  void updateOfAKeyedRowNeedsNoRowBefore() {
    RowChange.Update update =
        (RowChange.Update) decode(keyed, change(1, "u", null, row(1, "b"), null));
    assertThat(update.before()).isEqualTo(update.key());
  }

  @Test
  void updateOfAKeylessRowNamesBothRows() {
    RowChange.Update update =
        (RowChange.Update) decode(keyless, change(1, "u", row(1, "a"), row(1, "b"), null));
    assertThat(update.before())
        .isNotEqualTo(update.key())
        .isEqualTo(
            ((RowChange.Insert) decode(keyless, change(1, "c", null, row(1, "a"), null))).key());
  }

  @Test
  void keylessRowWithoutItsFormerSelfStops() {
    assertThatThrownBy(() -> decode(keyless, change(1, "u", null, row(1, "b"), null)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("REPLICA IDENTITY FULL");
  }

  @Test
  void truncateHasNoRow() {
    assertThat(decode(keyed, change(1, "t", null, null, null))).isEqualTo(new RowChange.Truncate());
  }

  @Test
  void valueThatWasNotSentIsMarked() {
    RowChange.Update update =
        (RowChange.Update) decode(keyed, change(1, "u", null, row(1, "unavailable"), null));
    assertThat(update.row().get(1)).isEqualTo(Unavailable.VALUE);
  }

  @Test
  void valueThatWasNotSentCountsAsTheMemoryThatItWillTake() {
    TableDecoder large = Events.decoder(List.of("id"), 50_000);
    int sent = bytes(large, "sent");
    int left = bytes(large, "unavailable");
    assertThat(sent).isLessThan(1_000);
    assertThat(left).isBetween(50_000, 51_000);
  }

  /** As when the key before was none that the lake could hold; the writer has the table read. */
  @Test
  void insertWithAValueThatWasNotSentSaysSo() {
    RowChange.Insert insert =
        (RowChange.Insert) decode(keyed, change(1, "c", null, row(1, "unavailable"), null));
    assertThat(insert.row().getField("name")).isEqualTo(Unavailable.VALUE);
  }

  @Test
  void changedKeyIsToldOnceWithTheRowBefore() {
    SourceRecord delete = change(1, "d", row(1, null), null, null);
    delete.headers().add("__debezium.newkey", key(2), KEY);
    assertThat(keyed.changes(delete)).isEmpty();
    SourceRecord create = change(1, "c", null, row(2, "unavailable"), null);
    create.headers().add("__debezium.oldkey", key(1), KEY);
    RowChange.Insert before =
        (RowChange.Insert) decode(keyed, change(1, "c", null, row(1, "a"), null));
    assertThat(decode(keyed, create))
        .isInstanceOfSatisfying(
            RowChange.Update.class,
            update -> {
              assertThat(update.before()).isEqualTo(before.key());
              assertThat(update.key()).isNotEqualTo(before.key());
              assertThat(update.row().get(0)).isEqualTo(2);
              assertThat(update.row().get(1)).isEqualTo(Unavailable.VALUE);
              assertThat(update.rowBefore()).extracting(row -> row.get(0)).isEqualTo(1);
            });
  }

  /** Debezium does not know that the table had a key, so that it does not look at it. */
  @Test
  void keyThatIsChangedInAnEventWithoutAKeyIsFound() {
    RowKey first =
        decode(keyed, change(1, "c", null, row(1, "a"), null), RowChange.Insert.class).key();
    RowChange.Update moved =
        decode(keyed, change(1, "u", row(1, null), row(2, "a"), null), RowChange.Update.class);
    assertThat(moved.before()).isEqualTo(first).isNotEqualTo(moved.key());
    RowChange.Update stays =
        decode(keyed, change(1, "u", row(1, "a"), row(1, "b"), null), RowChange.Update.class);
    assertThat(stays.before()).isEqualTo(first).isEqualTo(stays.key());
    assertThat(stays.rowBefore()).isNull();
  }

  private static <T extends RowChange> T decode(
      TableDecoder decoder, SourceRecord event, Class<T> kind) {
    return kind.cast(decode(decoder, event));
  }

  private static Struct key(int id) {
    return new Struct(KEY).put("id", id);
  }

  @Test
  void olderEventFillsTheColumnsThatItHas() {
    Schema wider =
        new Schema(
            Types.NestedField.required(1, "id", Types.LongType.get()),
            Types.NestedField.optional(3, "more", Types.StringType.get()),
            Types.NestedField.optional(2, "name", Types.StringType.get()));
    List<String> key = List.of("id");
    keyed.follow(
        new RowTarget(Events.TABLE, wider, wider, key, RowKeys.of(wider, key), () -> 0),
        row(1, "a").schema());
    RowChange.Insert insert =
        (RowChange.Insert) decode(keyed, change(1, "c", null, row(1, "a"), null));
    assertThat(insert.row().getField("id")).isEqualTo(1L);
    assertThat(insert.row().getField("name")).isEqualTo("a");
    assertThat(insert.row().getField("more")).isNull();
    assertThat(decode(keyed, change(1, "u", null, row(1, "unavailable"), null)))
        .isInstanceOfSatisfying(
            RowChange.Update.class,
            update -> {
              assertThat(update.key()).isEqualTo(insert.key());
              assertThat(update.row().getField("name")).isEqualTo(Unavailable.VALUE);
            });
  }

  private static int bytes(TableDecoder decoder, String name) {
    return decoder.changes(change(1, "u", null, row(1, name), null)).getFirst().bytes();
  }
}
