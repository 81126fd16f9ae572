-- What did a reader of the lake see in the table at some time?
--
-- The time is that of the lake: when a commit became visible to readers, a moment after the source had
-- committed. For "what did the source hold at some time" see 10.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
--   ${key}     its key column (or columns, separated by commas), such as id
--   ${time}    such as 2026-03-01 10:15:00 UTC
SELECT *
FROM lake.${schema}.${table} FOR TIMESTAMP AS OF TIMESTAMP '${time}'
ORDER BY ${key};
