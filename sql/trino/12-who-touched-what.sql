-- Which transactions of the source touched this table in some time, and which rows?
--
-- From the changelog, which has every change with the source's own id of the transaction that made it
-- and the time at which the source committed it. Who a transaction belonged to, the log of a database
-- does not say: look its id and time up in the logs of the application or the database.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}   where the table lies, such as shop
--   ${table}    the table, such as orders; its changelog is orders_changelog
--   ${columns}  the table's columns, separated by commas, such as id, status, total
--   ${from}     committed at the source at this time or later, such as 2026-03-01 10:00:00 UTC
--   ${to}       and before this one, such as 2026-03-02 00:00:00 UTC

-- A line for each transaction: how many rows it put in, changed and took out. truncated: it emptied the
-- table. The changelog is partitioned by day of _committed_at: a short time reads little.
SELECT
  _transaction AS transaction_id,
  _committed_at AS committed_at,
  _position AS position,
  count(*) FILTER (WHERE _op = 'c') AS inserted,
  count(*) FILTER (WHERE _op = 'u') AS updated,
  count(*) FILTER (WHERE _op = 'd') AS deleted,
  count(*) FILTER (WHERE _op = 't') > 0 AS truncated
FROM lake.${schema}.${table}_changelog
WHERE _committed_at >= TIMESTAMP '${from}' AND _committed_at < TIMESTAMP '${to}'
GROUP BY _batch, _transaction, _committed_at, _position
ORDER BY _batch, min(_sequence);

-- A line for each change, in the order of the source: op c is an insert, u an update, d a delete (which
-- tells the key), t a TRUNCATE; the values are those after the change.
SELECT
  _transaction AS transaction_id, _committed_at AS committed_at, _op AS op, ${columns}
FROM lake.${schema}.${table}_changelog
WHERE _committed_at >= TIMESTAMP '${from}' AND _committed_at < TIMESTAMP '${to}'
ORDER BY _batch, _sequence;
