-- Forget old snapshots, and delete the files that only they need.
--
-- What Firn's own tags and branches hold stays: the baseline, the tags of its retention, legal holds.
-- Files are deleted at once: a query that still reads an older snapshot fails.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders or orders_changelog
--   ${time}    older ones are forgotten, such as 2026-01-31 00:00:00 UTC; by an hour at least, so that
--              nobody reads them any more
--   ${keep}    so many of the newest stay in any case, such as 100

CALL lake.system.expire_snapshots(
  table => '${schema}.${table}',
  older_than => TIMESTAMP '${time}',
  retain_last => ${keep},
  max_concurrent_deletes => 4);
