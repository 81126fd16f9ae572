package dev.firn.ingest.demo;

/** What the shop says to its database where PostgreSQL and MariaDB want it otherwise. */
enum ShopSql {
  POSTGRES("shop.sql", "40P01") {
    @Override
    String now() {
      return "clock_timestamp()";
    }

    @Override
    String newest(String table) {
      return "UPDATE %1$s SET updated_at = ? WHERE ctid = (SELECT ctid FROM %1$s LIMIT 1)"
          .formatted(table);
    }

    @Override
    String joined(String column) {
      return "string_agg(%1$s::text, ',' ORDER BY i.product_id)".formatted(column);
    }

    @Override
    String size() {
      return "jsonb_set(preferences, '{size}', to_jsonb(?::int))";
    }

    @Override
    String soon() {
      return "current_date + 1, localtime, localtimestamp";
    }

    @Override
    String version() {
      return "SHOW server_version";
    }
  },
  MARIADB("shop-mariadb.sql", "40001") {
    @Override
    String now() {
      return "now(6)";
    }

    @Override
    String newest(String table) {
      return "UPDATE %s SET updated_at = ? LIMIT 1".formatted(table);
    }

    @Override
    String joined(String column) {
      return "group_concat(%s ORDER BY i.product_id)".formatted(column);
    }

    @Override
    String size() {
      return "json_set(preferences, '$.size', ?)";
    }

    @Override
    String soon() {
      return "current_date + INTERVAL 1 DAY, current_time(6), now(6)";
    }

    @Override
    String version() {
      return "SELECT regexp_substr(version(), '^[0-9.]+')";
    }
  };

  private final String script;
  private final String deadlock;

  ShopSql(String script, String deadlock) {
    this.script = script;
    this.deadlock = deadlock;
  }

  /** The resource that makes it. */
  String script() {
    return script;
  }

  /** The SQL state of a transaction that was the victim of a deadlock. */
  String deadlock() {
    return deadlock;
  }

  /** The time of the statement, in microseconds. */
  abstract String now();

  /** Changes one row of a table, whichever, by its {@code updated_at}. */
  abstract String newest(String table);

  /** The values of a group's rows, ordered by product, with commas. */
  abstract String joined(String column);

  /** A customer's preferences with another size. */
  abstract String size();

  /** Tomorrow; the time of day, and the time, without a zone. */
  abstract String soon();

  abstract String version();
}
