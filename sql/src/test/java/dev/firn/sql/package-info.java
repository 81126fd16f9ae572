/** Puts the SQL of this room to real engines and checks what they answer. */
@NullMarked
package dev.firn.sql;

import org.jspecify.annotations.NullMarked;
