-- Delete files in a table's folder that nothing reaches.
--
-- Safe beside a pipeline that goes on, with Trino's own limit of seven days. The files of a transaction
-- or a compaction that is still written are reached by nothing either: only their age protects them. So
-- do not lower that limit (remove_orphan_files_min_retention) to less than the longest of them takes.
--
-- Needs a catalog that may write: catalog/embedded-maintenance.properties.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}     where the table lies, such as shop
--   ${table}      the table, such as orders or orders_changelog
--   ${retention}  younger files stay, such as 7d

ALTER TABLE lake.${schema}.${table} EXECUTE remove_orphan_files(retention_threshold => '${retention}');
