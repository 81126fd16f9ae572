-- Let commits to this table try again more often than Iceberg does by itself.
--
-- Once for each table, before the other files. A call that comes to its end while the writer commits has
-- to try again, and Iceberg gives up after four times: beside a writer that commits several times a
-- second the whole work is lost then. The writer is not affected.
--
-- Needs a catalog that may write: catalog/embedded-maintenance.properties.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders or orders_changelog

ALTER TABLE lake.${schema}.${table} SET PROPERTIES max_commit_retry = 50;
