-- Merge small data files, and apply the deletes of those that it merges.
--
-- Beside a pipeline that goes on: for changelogs, which are only appended to, and for tables that stand
-- still for as long as this runs. One row of the files that it takes on is updated or deleted meanwhile,
-- and all of its work is refused and lost (nothing else is). Trino cannot be told to leave the newest
-- files alone. So tables whose rows change are better left to ./firn compact, which takes such
-- deletes over, or to the pipeline's own maintenance. Rows keep their "$row_id" and the number of
-- their last change.
--
-- Needs a catalog that may write: catalog/embedded-maintenance.properties.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}     where the table lies, such as shop
--   ${table}      the table, such as orders_changelog
--   ${threshold}  files that are smaller, and those with deletes, are written anew, such as 100MB

ALTER TABLE lake.${schema}.${table} EXECUTE optimize(file_size_threshold => '${threshold}');
