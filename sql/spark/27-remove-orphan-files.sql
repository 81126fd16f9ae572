-- Delete files in a table's folder that nothing reaches.
--
-- The files of a transaction or a compaction that is still written are reached by nothing either: only
-- their age protects them. So ${time} must be further back than the longest of them takes, three days
-- as a rule. Spark itself refuses less than 24 hours; do not go around that (the Java action does).
-- Look at what would be deleted first: add dry_run => true.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders or orders_changelog
--   ${time}    younger files stay, such as 2026-01-28 00:00:00 UTC

CALL lake.system.remove_orphan_files(
  table => '${schema}.${table}',
  older_than => TIMESTAMP '${time}',
  max_concurrent_deletes => 4);
