-- What changed between two snapshots of a table?
--
-- Compares the rows themselves and trusts no log: 'before' is a row as it was at the first snapshot and
-- is no more, 'after' a row as it is at the second and was not. A changed row has a line of each; a line
-- 'after' alone is a new row, a line 'before' alone one that is gone. For tables with a key.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
--   ${key}     its key column (or columns, separated by commas), such as id
--   ${from}    the id of the first snapshot
--   ${to}      the id of the second snapshot
SELECT 'before' AS side, *
FROM (
  SELECT * FROM lake.${schema}.${table} FOR VERSION AS OF ${from}
  EXCEPT
  SELECT * FROM lake.${schema}.${table} FOR VERSION AS OF ${to}
)
UNION ALL
SELECT 'after', *
FROM (
  SELECT * FROM lake.${schema}.${table} FOR VERSION AS OF ${to}
  EXCEPT
  SELECT * FROM lake.${schema}.${table} FOR VERSION AS OF ${from}
)
ORDER BY ${key}, side DESC;
