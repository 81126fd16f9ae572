/** The core against a model of its source, under faults, crashes and zombies, all by one seed. */
@NullMarked
package dev.firn.testing.simulation;

import org.jspecify.annotations.NullMarked;
