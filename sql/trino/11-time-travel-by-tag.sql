-- What was in the table at a state that has a name?
--
-- A tag is a name for one state of the table. The state stays readable for as long as the tag is there,
-- also when the others of its time are long forgotten. Three kinds come from Firn: firn_baseline, where
-- the changelog begins; the tags of its retention, one for a minute, an hour, a day or a year, such as
-- firn_d_20260131; and legal holds, such as firn_hold_5f3a9c1e.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
--   ${key}     its key column (or columns, separated by commas), such as id
--   ${tag}     one of the names that the first query lists, such as firn_baseline

-- The tags there are, and what each of them shows: the batch and the position in the source's log that
-- the rows reach to, and when the state became visible. A state without a batch of its own (such as
-- one after a compaction) holds the rows of the one before it.
SELECT
  r.name,
  r.snapshot_id,
  s.committed_at,
  CAST(element_at(s.summary, 'firn.batch') AS bigint) AS batch,
  element_at(s.summary, 'firn.position') AS position
FROM lake.${schema}."${table}$refs" r
JOIN lake.${schema}."${table}$snapshots" s ON s.snapshot_id = r.snapshot_id
WHERE r.type = 'TAG'
ORDER BY s.committed_at, r.name;

-- The rows at one of them.
SELECT *
FROM lake.${schema}.${table} FOR VERSION AS OF '${tag}'
ORDER BY ${key};
