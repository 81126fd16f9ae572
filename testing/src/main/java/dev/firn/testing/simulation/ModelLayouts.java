package dev.firn.testing.simulation;

import dev.firn.writer.TableLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** The layouts that a writer's configuration asks for: now and then others than the one before. */
final class ModelLayouts {
  private ModelLayouts() {}

  static TableLayout any(SourceTable table, RandomGenerator random) {
    return switch (random.nextInt(6)) {
      case 0, 1, 2 -> TableLayout.ANY;
      case 3 -> layout("unpartitioned", TableLayout.UNSORTED);
      default -> {
        List<String> orders = orders(table);
        yield layout(partitions(table), orders.get(random.nextInt(orders.size())));
      }
    };
  }

  private static TableLayout layout(String partitionBy, String sortBy) {
    return new TableLayout(
        Optional.of(TableLayout.partitions(partitionBy)),
        Optional.of(TableLayout.order(sortBy)),
        Map.of());
  }

  private static String partitions(SourceTable table) {
    return switch (table) {
      case ACCOUNTS -> "bucket(3, id), truncate(1, name)";
      case LABELS -> "open";
      case LINES -> "year(shipped), bucket(2, line)";
      case READINGS -> "bucket(2, sensor)";
      case DEVICES -> "bucket(3, owner), bucket(2, id)";
      case NOTHING -> "truncate(10, id)";
    };
  }

  /** Among them by columns that are added later, dropped or get wider. */
  private static List<String> orders(SourceTable table) {
    return switch (table) {
      case ACCOUNTS -> List.of("name desc", "changed nulls last, balance", "points desc, id");
      case LABELS -> List.of("code", "title desc nulls first");
      case LINES -> List.of("order_id, line desc", "price, parts");
      case READINGS -> List.of("sensor, seen desc", "unit, quality");
      case DEVICES -> List.of("owner desc, id");
      case NOTHING -> List.of("id");
    };
  }
}
