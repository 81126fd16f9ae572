/** Questions to a lake in SQL: an embedded Trino, what it is asked, and how answers are shown. */
@NullMarked
package dev.firn.ingest.sql;

import org.jspecify.annotations.NullMarked;
