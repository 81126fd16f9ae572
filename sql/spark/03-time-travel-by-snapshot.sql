-- What was in the table at one of its snapshots?
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}    where the table lies, such as shop
--   ${table}     the table, such as orders
--   ${key}       its key column (or columns, separated by commas), such as id
--   ${snapshot}  a snapshot id, as 05 or 06 lists them, or the name of a tag in quotes: 'firn_baseline'
SELECT *
FROM lake.${schema}.${table} FOR VERSION AS OF ${snapshot}
ORDER BY ${key};
