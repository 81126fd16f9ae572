package dev.firn.ingest.demo;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.apache.iceberg.Table;

/** What a table is made of, again and again while it changes. */
final class ShapeSeries {
  static final long TARGET_BYTES = 128L << 20;

  private static final HealthSettings HEALTH = new HealthSettings(TARGET_BYTES, Prices.DEFAULT);

  /**
   * One look.
   *
   * @param at since the beginning
   * @param metadataBytes what a reader of all of the table reads before the data: metadata.json,
   *     manifest list and manifests
   * @param readRatio what a full scan takes by the model of {@link TableHealth}, as a multiple of
   *     what a fresh copy does
   */
  record Shape(Duration at, long dataFiles, long snapshots, long metadataBytes, double readRatio) {
    static Shape of(Table table, Duration at) {
      TableHealth health = TableHealth.of(table, HEALTH, Instant.now());
      TableHealth.Metadata metadata = health.metadata();
      long manifestList =
          table.io().newInputFile(table.currentSnapshot().manifestListLocation()).getLength();
      return new Shape(
          at,
          health.files().dataFiles(),
          metadata.snapshots(),
          metadata.metadataBytes() + manifestList + metadata.manifestBytes(),
          health.cost().readRatio());
    }

    long metadataKilobytes() {
      return metadataBytes / 1024;
    }
  }

  private final List<Shape> shapes = new ArrayList<>();

  void add(Shape shape) {
    shapes.add(shape);
  }

  long[] values(ToLongFunction<Shape> figure) {
    return shapes.stream().mapToLong(figure).toArray();
  }

  private Duration length() {
    return shapes.getLast().at();
  }

  private List<Shape> part(double from, double to) {
    double length = length().toMillis();
    return shapes.stream()
        .filter(shape -> shape.at().toMillis() > from * length)
        .filter(shape -> shape.at().toMillis() <= to * length)
        .toList();
  }

  /** How much a figure grows in a minute of the second half, by least squares. */
  double slope(ToLongFunction<Shape> figure) {
    List<Shape> half = part(0.5, 1);
    double meanTime = half.stream().mapToDouble(ShapeSeries::minutes).average().orElse(0);
    double mean = half.stream().mapToLong(figure).average().orElse(0);
    double together = 0;
    double square = 0;
    for (Shape shape : half) {
      double time = minutes(shape) - meanTime;
      together += time * (figure.applyAsLong(shape) - mean);
      square += time * time;
    }
    return square == 0 ? 0 : together / square;
  }

  private static double minutes(Shape shape) {
    return shape.at().toMillis() / 60_000.0;
  }

  /**
   * The highest value of the last quarter as a multiple of that of the quarter before: it stays at
   * one where a figure rises and falls with every round of the maintenance, but no higher.
   */
  double growthOfPeak(ToLongFunction<Shape> figure) {
    return (double) peak(part(0.75, 1), figure) / Math.max(1, peak(part(0.5, 0.75), figure));
  }

  private static long peak(List<Shape> some, ToLongFunction<Shape> figure) {
    return some.stream().mapToLong(figure).max().orElse(0);
  }
}
