-- Everything that ever happened to one row.
--
-- A table's changelog holds every change of the source, also those that the table itself no longer
-- shows: op c is an insert, u an update, d a delete (which tells the key: the row as it was
-- last is the line before), t a TRUNCATE.
-- The first line, op 'r', is the row as the initial snapshot read it, from the tag firn_baseline.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}   where the table lies, such as shop
--   ${table}    the table, such as orders; its changelog is orders_changelog
--   ${columns}  the table's columns, separated by commas, such as id, status, total
--   ${row}      the condition that names the row, such as id = 10
SELECT
  'r' AS op,
  CAST(NULL AS timestamp) AS committed_at,
  CAST(NULL AS bigint) AS batch,
  CAST(NULL AS bigint) AS sequence,
  CAST(NULL AS string) AS position,
  CAST(NULL AS string) AS transaction_id,
  ${columns}
FROM lake.${schema}.${table} FOR VERSION AS OF 'firn_baseline'
WHERE ${row}
UNION ALL
SELECT _op, _committed_at, _batch, _sequence, _position, _transaction, ${columns}
FROM lake.${schema}.${table}_changelog
WHERE (${row}) OR _op = 't'
ORDER BY batch NULLS FIRST, sequence;
