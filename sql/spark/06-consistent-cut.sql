-- Which snapshots of several tables show the source at one and the same moment?
--
-- A batch ends between two transactions of the source, and all tables' commits of a batch bear its
-- number. A table that a batch did not touch is still in its earlier state. So the cut at batch N is,
-- for each table, its newest snapshot with a batch up to N. Put the ids that this prints into
-- FOR VERSION AS OF, table by table, and joins over them are true. Do not ask for a batch that is
-- still being written: the last complete one is on the pipeline's line of 01.
--
-- Replace before running (as text, everywhere in this file; for more tables repeat the part in WITH):
--   ${schema}  where the tables lie, such as shop
--   ${first}   a table, such as customers
--   ${second}  another one, such as orders
--   ${batch}   the batch, such as 3
WITH commits AS (
  SELECT '${first}' AS table_name, s.snapshot_id, s.committed_at, s.summary
  FROM lake.${schema}.${first}.snapshots s
  JOIN lake.${schema}.${first}.history h
    ON h.snapshot_id = s.snapshot_id AND h.is_current_ancestor
  UNION ALL
  SELECT '${second}', s.snapshot_id, s.committed_at, s.summary
  FROM lake.${schema}.${second}.snapshots s
  JOIN lake.${schema}.${second}.history h
    ON h.snapshot_id = s.snapshot_id AND h.is_current_ancestor
), ranked AS (
  SELECT
    table_name,
    snapshot_id,
    CAST(summary['firn.batch'] AS bigint) AS batch,
    summary['firn.position'] AS position,
    row_number() OVER (
      PARTITION BY table_name
      ORDER BY CAST(summary['firn.batch'] AS bigint) DESC, committed_at DESC) AS newest
  FROM commits
  WHERE CAST(summary['firn.batch'] AS bigint) <= ${batch}
)
SELECT table_name, batch, position, snapshot_id
FROM ranked
WHERE newest = 1
ORDER BY table_name;
