-- Which transactions of the source stand in each state of the table?
--
-- Every commit of Firn says so in the same snapshot that holds the rows, so that it cannot disagree:
-- the batch (all tables' commits of one batch bear the same number), the position in the source's log up
-- to which the rows reach, how many transactions of the source the batch holds, and when the source
-- committed the first and the last of them. A line without a batch is a compaction, which changes
-- files and no rows. Newest first.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
SELECT
  s.snapshot_id,
  s.committed_at,
  CAST(s.summary['firn.batch'] AS bigint) AS batch,
  s.summary['firn.position'] AS position,
  CAST(s.summary['firn.transactions'] AS bigint) AS transactions,
  CAST(s.summary['firn.inserted'] AS bigint) AS inserted,
  CAST(s.summary['firn.updated'] AS bigint) AS updated,
  CAST(s.summary['firn.deleted'] AS bigint) AS deleted,
  CAST(s.summary['firn.source-time-first'] AS timestamp) AS source_time_first,
  CAST(s.summary['firn.source-time-last'] AS timestamp) AS source_time_last
FROM lake.${schema}.${table}.snapshots s
JOIN lake.${schema}.${table}.history h
  ON h.snapshot_id = s.snapshot_id AND h.is_current_ancestor
ORDER BY s.committed_at DESC, s.snapshot_id DESC;
