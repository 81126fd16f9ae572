-- Is this table in good shape, or does it need compaction?
--
-- Many small files make reading slow, and so do many deleted rows that are still in the files.
-- A rule of thumb: compact when more than half of many files are small, or a tenth of the rows deleted.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}       where the table lies, such as shop
--   ${table}        the table, such as orders
--   ${small_bytes}  a data file of fewer bytes is small, such as 16777216

-- orders.files has a line per file of the table as it is now: content 0 is a data file, 1 a file that says
-- which rows of data files are deleted (position deletes or deletion vectors), 2 an equality delete,
-- which Firn never writes.
SELECT
  count(*) FILTER (WHERE content = 0) AS data_files,
  coalesce(sum(file_size_in_bytes) FILTER (WHERE content = 0), 0) AS data_bytes,
  CAST(100.0 * count(*) FILTER (WHERE content = 0 AND file_size_in_bytes < ${small_bytes})
    / nullif(count(*) FILTER (WHERE content = 0), 0) AS decimal(4, 1)) AS small_files_percent,
  coalesce(sum(record_count) FILTER (WHERE content = 0), 0) AS rows_in_data_files,
  count(*) FILTER (WHERE content = 1) AS delete_files,
  coalesce(sum(record_count) FILTER (WHERE content = 1), 0) AS deleted_rows,
  CAST(100.0 * coalesce(sum(record_count) FILTER (WHERE content = 1), 0)
    / nullif(sum(record_count) FILTER (WHERE content = 0), 0) AS decimal(4, 1)) AS deleted_percent,
  count(*) FILTER (WHERE content = 2) AS equality_deletes
FROM lake.${schema}.${table}.files;
