-- Merge small data files, and apply the deletes of those that have many.
--
-- Rows keep their _row_id and the sequence number of their last change. A file of which a row is
-- updated or deleted while this runs stays as it is: its whole group is given up. So ask for rows that
-- change no more, leave the newest files to ./firn compact, and take small groups. A row of 0s as the
-- answer means that there was nothing to do, or that every group was given up.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders or orders_changelog
--   ${where}   files that may have such rows are taken on: such as id < 1000000 (a quote is written
--              twice: day < DATE ''2026-01-01''), or true

CALL lake.system.rewrite_data_files(
  table => '${schema}.${table}',
  where => '${where}',
  options => map(
    'delete-ratio-threshold', '0.2',
    'max-file-group-size-bytes', '2147483648',
    'partial-progress.enabled', 'true',
    'partial-progress.max-commits', '50'));
