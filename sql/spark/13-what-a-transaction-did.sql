-- What did one transaction of the source do, in all tables that it may have touched?
--
-- A line for each table and kind of change. All changes of a transaction are in the same batch, so they
-- became visible together; see 06 for how to join tables as they were then.
--
-- Replace before running (as text, everywhere in this file; for more tables repeat the part in WITH):
--   ${schema}       where the tables lie, such as shop
--   ${first}        a table, such as customers
--   ${second}       another one, such as orders
--   ${transaction}  the source's id of the transaction, as 09 and 12 tell it, such as 4811
WITH changes AS (
  SELECT '${first}' AS table_name, _op, _batch, _position, _committed_at
  FROM lake.${schema}.${first}_changelog
  WHERE _transaction = '${transaction}'
  UNION ALL
  SELECT '${second}', _op, _batch, _position, _committed_at
  FROM lake.${schema}.${second}_changelog
  WHERE _transaction = '${transaction}'
)
SELECT
  table_name,
  _op AS op,
  count(*) AS changes,
  _batch AS batch,
  _position AS position,
  _committed_at AS committed_at
FROM changes
GROUP BY table_name, _op, _batch, _position, _committed_at
-- ids of transactions begin anew in some databases, so there may be several
ORDER BY _batch, table_name, op;
