/**
 * The core of Firn: change events in, Iceberg commits out.
 *
 * <p>Knows neither Debezium nor Quarkus and starts no thread of its own.
 */
@NullMarked
package dev.firn.writer;

import org.jspecify.annotations.NullMarked;
