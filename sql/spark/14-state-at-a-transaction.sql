-- What did the table hold right after one transaction of the source, or at its position?
--
-- Like 10, but the point is named by the transaction itself, which may lie in the middle of a batch:
-- computed from the state under the tag firn_baseline and all changes of the changelog up to the last
-- one of this transaction. It must have touched the table and be later than the baseline, else the answer
-- is empty; for a transaction that only touched other tables ask 10 with its time, as 13 tells it.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}       where the table lies, such as shop
--   ${table}        the table, such as orders; its changelog is orders_changelog
--   ${key}          its key column (or columns, separated by commas), such as id
--   ${columns}      all its columns, separated by commas, such as id, status, total
--   ${transaction}  the source's id of the transaction, such as 4811; or its position in the source's
--                   log, such as 0/16B3748
WITH baseline AS (
  SELECT CAST(summary['firn.batch'] AS bigint) AS baseline_batch
  FROM lake.${schema}.${table}.snapshots
  WHERE snapshot_id = (
    SELECT snapshot_id FROM lake.${schema}.${table}.refs WHERE name = 'firn_baseline')
), point AS (
  SELECT _batch AS point_batch, _sequence AS point_sequence
  FROM lake.${schema}.${table}_changelog
  WHERE (_transaction = '${transaction}' OR _position = '${transaction}')
    AND _batch > (SELECT baseline_batch FROM baseline)
  ORDER BY _batch DESC, _sequence DESC
  LIMIT 1
), changes AS (
  SELECT _op AS op, _batch AS batch, _sequence AS sequence, ${columns}
  FROM lake.${schema}.${table}_changelog
  CROSS JOIN point
  -- the baseline has the changes before it
  WHERE _batch > (SELECT baseline_batch FROM baseline)
    AND (_batch < point_batch OR (_batch = point_batch AND _sequence <= point_sequence))
  UNION ALL
  -- before every change: batches begin at 1
  SELECT 'r', 0, 0, ${columns}
  FROM lake.${schema}.${table} FOR VERSION AS OF 'firn_baseline'
  CROSS JOIN point
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
