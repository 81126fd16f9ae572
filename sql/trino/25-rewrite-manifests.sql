-- Gather the manifests of a table.
--
-- For changelogs, and for tables whose pipeline is stopped. Beside a live writer it may be refused for
-- tables whose rows change: each commit that deletes rows replaces manifests. Nothing is lost then;
-- ./firn compact gathers the manifests of those.
--
-- Needs a catalog that may write: catalog/embedded-maintenance.properties.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders_changelog

ALTER TABLE lake.${schema}.${table} EXECUTE optimize_manifests;
