-- What is in this lake?
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}    where the tables lie, such as shop
--   ${table}     the table to look at, such as orders
--   ${pipeline}  the pipeline's name, such as shop

-- Where tables lie. The schema firn holds the pipelines' own control tables, one each.
SHOW SCHEMAS IN lake;

-- Every table of one schema.
SHOW TABLES IN lake.${schema};

-- The columns of one table.
DESCRIBE TABLE lake.${schema}.${table};

-- Its names for snapshots. A snapshot is a state of the table that can be read for as long as it is
-- kept. Branch main is the table as it is now; firn_guard is empty and holds no rows; tags are states
-- that somebody wants to keep.
SELECT name, type, snapshot_id
FROM lake.${schema}.${table}.refs
ORDER BY name;

-- How many states of it can be read, and since when.
SELECT count(*) AS states, min(made_current_at) AS since, max(made_current_at) AS until
FROM lake.${schema}.${table}.history
WHERE is_current_ancestor;

-- What the pipeline itself has noted: how far each table is (kind 'table'), and how far the whole
-- pipeline is (kind 'pipeline').
SELECT kind, name, batch, position, snapshot_id
FROM lake.firn.`${pipeline}`
WHERE kind IN ('pipeline', 'table')
ORDER BY kind, name;
