-- Which transactions of the source stand in each state of the table?
--
-- Every commit of Firn says so in the same snapshot that holds the rows, so that it cannot disagree:
-- the batch (all tables' commits of one batch bear the same number), the position in the source's log up
-- to which the rows reach, how many transactions of the source the batch holds, and when the source
-- committed the first and the last of them. Lines without a batch are a compaction, which changes
-- files and no rows, or the steps of an initial snapshot before it was published. Newest first.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
SELECT
  s.snapshot_id,
  s.committed_at,
  CAST(element_at(s.summary, 'firn.batch') AS bigint) AS batch,
  element_at(s.summary, 'firn.position') AS position,
  CAST(element_at(s.summary, 'firn.transactions') AS bigint) AS transactions,
  CAST(element_at(s.summary, 'firn.inserted') AS bigint) AS inserted,
  CAST(element_at(s.summary, 'firn.updated') AS bigint) AS updated,
  CAST(element_at(s.summary, 'firn.deleted') AS bigint) AS deleted,
  from_iso8601_timestamp(element_at(s.summary, 'firn.source-time-first')) AS source_time_first,
  from_iso8601_timestamp(element_at(s.summary, 'firn.source-time-last')) AS source_time_last
FROM lake.${schema}."${table}$snapshots" s
JOIN lake.${schema}."${table}$history" h
  ON h.snapshot_id = s.snapshot_id AND h.is_current_ancestor
ORDER BY s.committed_at DESC, s.snapshot_id DESC;
