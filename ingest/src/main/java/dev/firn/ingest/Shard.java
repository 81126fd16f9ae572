package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

/**
 * A source table that goes to one table of the lake with others.
 *
 * @param column of the lake that tells the shards' rows apart
 * @param name what its rows have there
 * @param inKey whether the column is part of the key
 */
record Shard(String column, String name, boolean inKey) {
  Shard {
    requireNonNull(column, "column is null");
    requireNonNull(name, "name is null");
  }
}
