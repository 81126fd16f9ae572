-- Merge position delete files, in tables of format version 2.
--
-- In version 3 there is nothing to do: a data file has one deletion vector at most.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders

CALL lake.system.rewrite_position_delete_files(
  table => '${schema}.${table}',
  options => map(
    'partial-progress.enabled', 'true',
    'partial-progress.max-commits', '50'));
