-- Forget old snapshots, and delete the files that only they need.
--
-- Safe beside a pipeline that goes on. What Firn's own tags and branches hold stays: the baseline, the
-- tags of its retention, legal holds. Files are deleted at once: a query that still reads an older
-- snapshot fails. Trino refuses less than seven days unless the session property
-- expire_snapshots_min_retention allows it.
--
-- Needs a catalog that may write: catalog/embedded-maintenance.properties.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}     where the table lies, such as shop
--   ${table}      the table, such as orders or orders_changelog
--   ${retention}  older ones are forgotten, such as 30d; an hour at least, so that nobody reads them any
--                 more

ALTER TABLE lake.${schema}.${table} EXECUTE expire_snapshots(retention_threshold => '${retention}');
