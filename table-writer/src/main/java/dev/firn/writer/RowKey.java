package dev.firn.writer;

/**
 * A row's key as a keyed 128-bit hash of its encoded key columns; two rows have the same key
 * exactly when their hashes are the same.
 */
public record RowKey(long high, long low) {}
