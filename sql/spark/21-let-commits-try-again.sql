-- Let commits to this table try again for longer than Iceberg does by itself.
--
-- Once for each table, before the other files. A procedure that comes to its end while the writer
-- commits has to try again, and Iceberg gives up after four times: beside a writer that commits
-- several times a second the whole work is lost then. The writer is not affected.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders or orders_changelog

ALTER TABLE lake.${schema}.${table} SET TBLPROPERTIES (
  'commit.retry.num-retries' = '50',
  'commit.retry.min-wait-ms' = '20',
  'commit.retry.max-wait-ms' = '200',
  'commit.retry.total-timeout-ms' = '60000');
