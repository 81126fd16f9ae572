-- Which rows are still the same row, and which commit changed each one last?
--
-- _row_id is given to a row once and stays with it through updates and compaction; a row that was
-- deleted and put in again is another row and has another id. _last_updated_sequence_number is the
-- number of the commit that wrote the row's values last; the batch says which transactions that commit
-- held (see 05), as long as the snapshot is kept. Rows that were read early in a long initial snapshot
-- have none: their commit was to its branch.
-- Tables of format version 3, which is what Firn makes unless told otherwise.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
--   ${key}     its key column (or columns, separated by commas), such as id
WITH commits AS (
  SELECT
    e.sequence_number,
    max(CAST(s.summary['firn.batch'] AS bigint)) AS batch
  FROM lake.${schema}.${table}.all_entries e
  JOIN lake.${schema}.${table}.snapshots s ON s.snapshot_id = e.snapshot_id
  WHERE e.status = 1
  GROUP BY e.sequence_number
)
SELECT r._row_id AS row_id, r._last_updated_sequence_number AS last_updated, c.batch, r.*
FROM lake.${schema}.${table} r
LEFT JOIN commits c ON c.sequence_number = r._last_updated_sequence_number
ORDER BY ${key};
