package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.PhysicalType;
import org.apache.iceberg.variants.ShreddedObject;
import org.apache.iceberg.variants.ValueArray;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantMetadata;
import org.apache.iceberg.variants.VariantValue;
import org.apache.iceberg.variants.Variants;
import org.junit.jupiter.api.Test;

class TestVariantText {
  private static final VariantMetadata NAMES = Variants.metadata("b", "a", "unused");

  private static Variant variant(VariantValue value) {
    return Variant.of(NAMES, value);
  }

  private static Variant decimal(String digits) {
    return variant(Variants.of(PhysicalType.DECIMAL16, new BigDecimal(digits)));
  }

  private static VariantValue object(VariantMetadata names, VariantValue a, VariantValue b) {
    ShreddedObject object = Variants.object(names);
    object.put("b", b);
    object.put("a", a);
    return object;
  }

  @Test
  void keysAreInTheirOrder() {
    ValueArray array = Variants.array();
    array.add(Variants.ofNull());
    array.add(Variants.of("\"\\\t|ü"));
    assertThat(VariantText.of(variant(object(NAMES, array, Variants.of(true)))))
        .isEqualTo("{\"a\":[null,\"\\\"\\\\\\u0009|ü\"],\"b\":true}");
  }

  @Test
  void digitsAreThoseThatItHas() {
    assertThat(VariantText.of(decimal("1.50"))).isEqualTo("1.50");
    assertThat(VariantText.canonical(decimal("1.50"))).isEqualTo("1.5");
    assertThat(VariantText.canonical(decimal("100"))).isEqualTo("100");
    assertThat(VariantText.canonical(variant(Variants.of(-0.0)))).isEqualTo("-0.0");
  }

  /** They would be one row of a table without a key. */
  @Test
  void whatJsonDoesNotHaveIsNoText() {
    assertThat(VariantText.of(variant(Variants.ofIsoDate("2026-01-02")))).startsWith("DATE(");
    assertThat(VariantText.of(variant(Variants.of(ByteBuffer.wrap(new byte[] {0, -1})))))
        .isEqualTo("BINARY(00ff)");
  }

  @Test
  void rowsAreToldApartByTheirDocumentsHoweverTheseAreWritten() {
    VariantMetadata others = Variants.metadata("a", "b");
    VariantValue value = object(NAMES, Variants.of(1), Variants.of("x"));
    assertThat(key(variant(value)))
        .isEqualTo(key(Variant.of(others, object(others, Variants.of((byte) 1), Variants.of("x")))))
        .isNotEqualTo(key(variant(object(NAMES, Variants.of("1"), Variants.of("x")))))
        .isNotEqualTo(key(variant(object(NAMES, Variants.of("x"), Variants.of(1)))));
    assertThat(key(decimal("1.50"))).isEqualTo(key(decimal("1.5")));
    assertThat(key(variant(Variants.ofNull()))).isNotEqualTo(key(null));
  }

  private static RowKey key(@org.jspecify.annotations.Nullable Variant document) {
    Schema columns = new Schema(Types.NestedField.optional(1, "doc", Types.VariantType.get()));
    Record row = GenericRecord.create(columns);
    row.set(0, document);
    return RowKeys.of(columns, List.of()).keyOf(row);
  }
}
