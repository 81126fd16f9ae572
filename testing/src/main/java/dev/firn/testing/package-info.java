/** Real servers, fakes that fail on purpose, and the seeded simulation. */
@NullMarked
package dev.firn.testing;

import org.jspecify.annotations.NullMarked;
