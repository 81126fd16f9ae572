-- What changed between two times of the source, row by row?
--
-- From the changelog, so it does not matter how long the table's states are kept. One line for each row
-- that was touched after the first time and up to the second: how often, by what the last change was
-- made, and the row as that left it (op d: it is gone, and only its key is told). A TRUNCATE in between
-- is a line of its own (op t): all rows that were there before it are gone with it. For the row as it was
-- before, see 09; to compare two states value by value, see 07.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}   where the table lies, such as shop
--   ${table}    the table, such as orders; its changelog is orders_changelog
--   ${key}      its key column (or columns, separated by commas), such as id
--   ${columns}  all its columns, separated by commas, such as id, status, total
--   ${from}     the first time, such as 2026-03-01 10:00:00 UTC
--   ${to}       the second time, such as 2026-03-02 00:00:00 UTC
WITH changes AS (
  SELECT
    _op AS op,
    _transaction AS transaction_id,
    _committed_at AS committed_at,
    count(*) OVER (PARTITION BY ${key}, _op = 't') AS changes,
    row_number() OVER (PARTITION BY ${key}, _op = 't' ORDER BY _batch DESC, _sequence DESC) AS newest,
    ${columns}
  FROM lake.${schema}.${table}_changelog
  WHERE _committed_at > TIMESTAMP '${from}' AND _committed_at <= TIMESTAMP '${to}'
)
SELECT op, changes, transaction_id, committed_at, ${columns}
FROM changes
WHERE newest = 1
-- a TRUNCATE comes last
ORDER BY op = 't', ${key};
