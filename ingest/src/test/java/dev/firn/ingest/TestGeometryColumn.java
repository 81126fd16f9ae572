package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.ColumnType.UnsupportedValueException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

class TestGeometryColumn {
  private static final String ONE = "000000000000f03f";
  private static final String TWO = "0000000000000040";

  private static String wkb(String ewkb) {
    ColumnType type = GeometryColumn.type(GeometryColumn.schema(ReferenceSystem.CRS84).build());
    return GeometryColumn.hex((ByteBuffer) type.conversion().convert(ewkb));
  }

  private static void refuses(String ewkb, String why) {
    assertThatThrownBy(() -> wkb(ewkb))
        .isInstanceOf(UnsupportedValueException.class)
        .hasMessageContaining(why);
  }

  @Test
  void plainOnesStayWhatTheyAre() {
    String point = "0101000000" + ONE + TWO;
    assertThat(wkb(point)).isEqualTo(point);
    String bigEndian = "0000000001" + "3ff0000000000000" + "4000000000000000";
    assertThat(wkb(bigEndian)).isEqualTo(bigEndian);
    String ring = "0103000000" + "01000000" + "02000000" + ONE + TWO + ONE + TWO;
    assertThat(wkb(ring)).isEqualTo(ring);
    assertThat(wkb("010700000000000000")).isEqualTo("010700000000000000");
  }

  @Test
  void coordinatesBeyondTwoAreNamedAsTheStandardDoes() {
    assertThat(wkb("0101000080" + ONE + TWO + ONE)).isEqualTo("01e9030000" + ONE + TWO + ONE);
    assertThat(wkb("0101000040" + ONE + TWO + ONE)).isEqualTo("01d1070000" + ONE + TWO + ONE);
    assertThat(wkb("01020000C0" + "01000000" + ONE + ONE + ONE + ONE))
        .isEqualTo("01ba0b0000" + "01000000" + ONE + ONE + ONE + ONE);
  }

  @Test
  void numberOfTheSystemIsTakenOutOfEachPart() {
    String system = "e6100000";
    assertThat(wkb("0101000020" + system + ONE + TWO)).isEqualTo("0101000000" + ONE + TWO);
    assertThat(
            wkb(
                ("0104000020" + system + "02000000")
                    + ("0101000020" + system + ONE + TWO)
                    + ("0101000000" + TWO + ONE)))
        .isEqualTo("0104000000" + "02000000" + "0101000000" + ONE + TWO + "0101000000" + TWO + ONE);
    refuses("010100002011150000" + ONE + TWO, "another reference system than its column's (SRID");
  }

  @Test
  void partsMayHaveAnOrderOfTheirOwn() {
    String mixed =
        ("0107000000" + "02000000")
            + ("0000000001" + "3ff0000000000000" + "4000000000000000")
            + ("0101000000" + ONE + TWO);
    assertThat(wkb(mixed)).isEqualTo(mixed);
  }

  @Test
  void whatIsNoneIsRefused() {
    refuses("", "no well-known binary");
    refuses("0101000000" + ONE, "no well-known binary");
    refuses("0101000000" + ONE + TWO + "00", "no well-known binary");
    refuses("0201000000" + ONE + TWO, "no well-known binary");
    refuses("0102000000ffffff7f" + ONE + TWO, "no well-known binary");
    refuses("0102000000ffffffff" + ONE + TWO, "no well-known binary");
    refuses("010800000000000000", "curves");
    refuses("010000000000000000", "curves");
    refuses("010700000001000000".repeat(102) + "010700000000000000", "no well-known binary");
  }

  /** Parquet's writer makes a geometry of each, for the bounds of a file, and fails at these. */
  @Test
  void whatHasNoBoundsIsRefused() {
    String none = "000000000000f87f";
    assertThat(wkb("0101000000" + none + none)).isEqualTo("0101000000" + none + none);
    refuses("0101000000" + none + ONE, "no number");
    refuses("0101000080" + none + none + ONE, "no number");
    refuses("0102000000" + "02000000" + none + ONE + ONE + ONE, "no number");
    refuses("0103000000" + "01000000" + "02000000" + ONE + ONE + ONE + none, "no number");
    refuses("0103000000" + "02000000" + "00000000" + "01000000" + ONE + ONE, "no outline");
    assertThat(wkb("0103000000" + "01000000" + "00000000"))
        .isEqualTo("0103000000" + "01000000" + "00000000");
    assertThat(wkb("0101000080" + ONE + TWO + none)).isEqualTo("01e9030000" + ONE + TWO + none);
  }

  @Test
  void systemIsThatOfTheColumn() {
    ReferenceSystem system = ReferenceSystem.parse("EPSG:3857").orElseThrow();
    ColumnType type = GeometryColumn.type(GeometryColumn.schema(system).build());
    assertThat(type.type()).isEqualTo(Types.GeometryType.of("EPSG:3857"));
    assertThat(type.conversion().convert("0101000020110F0000" + ONE + TWO))
        .isEqualTo(ByteBuffer.wrap(HexFormat.of().parseHex("0101000000" + ONE + TWO)));
    assertThat(ReferenceSystem.parse("srid:31467")).isPresent();
    for (String unknown : new String[] {"", "4326", "EPSG:0", "epsg:4326", "projjson:x"}) {
      assertThat(ReferenceSystem.parse(unknown)).isEmpty();
    }
  }

  @Test
  void collectionOfNothingIsOne() {
    assertThat(GeometryColumn.hex(GeometryColumn.nothing())).isEqualTo("010700000000000000");
  }
}
