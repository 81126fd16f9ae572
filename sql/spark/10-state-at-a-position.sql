-- What did the table hold when the source had come to some point?
--
-- Computed from the state under the tag firn_baseline (what the initial snapshot read, or where changes
-- are not kept for ever a later state) and all changes since (the changelog), and so independent of how
-- long the table's other snapshots are kept. A point before the baseline gives the baseline. Positions of a
-- log are texts and do not sort as such; batches and the order within a batch do. The point is named by
-- both a batch and a time of the source: changes after either are left out. To use only one of them
-- give the other a value beyond the end, such as 9223372036854775807 or 9999-12-31 23:59:59 UTC.
-- With a batch alone the answer is what 03 shows for that batch's snapshot.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}   where the table lies, such as shop
--   ${table}    the table, such as orders; its changelog is orders_changelog
--   ${key}      its key column (or columns, separated by commas), such as id
--   ${columns}  all its columns, separated by commas, such as id, status, total
--   ${batch}    the last batch to take in, such as 3
--   ${time}     the last time of a source commit to take in, such as 2026-03-01 10:15:00 UTC
WITH baseline AS (
  SELECT CAST(summary['firn.batch'] AS bigint) AS baseline_batch
  FROM lake.${schema}.${table}.snapshots
  WHERE snapshot_id = (
    SELECT snapshot_id FROM lake.${schema}.${table}.refs WHERE name = 'firn_baseline')
), changes AS (
  SELECT _op AS op, _batch AS batch, _sequence AS sequence, ${columns}
  FROM lake.${schema}.${table}_changelog
  -- the baseline has the changes before it
  WHERE _batch > (SELECT baseline_batch FROM baseline)
    AND _batch <= ${batch} AND _committed_at <= TIMESTAMP '${time}'
  UNION ALL
  -- before every change: batches begin at 1
  SELECT 'r', 0, 0, ${columns}
  FROM lake.${schema}.${table} FOR VERSION AS OF 'firn_baseline'
), last_truncate AS (
  SELECT batch AS truncate_batch, sequence AS truncate_sequence
  FROM changes
  WHERE op = 't'
  ORDER BY batch DESC, sequence DESC
  LIMIT 1
), numbered AS (
  SELECT
    changes.*,
    row_number() OVER (PARTITION BY ${key} ORDER BY batch DESC, sequence DESC) AS newest
  FROM changes
  LEFT JOIN last_truncate ON true
  -- what came before a TRUNCATE is gone with it
  WHERE truncate_batch IS NULL
    OR batch > truncate_batch
    OR (batch = truncate_batch AND sequence > truncate_sequence)
)
SELECT ${columns}
FROM numbered
WHERE newest = 1 AND op <> 'd'
ORDER BY ${key};
