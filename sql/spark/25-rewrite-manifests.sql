-- Gather the manifests of a table.
--
-- For changelogs, and for tables whose pipeline is stopped. Beside a live writer it is refused for most
-- tables ("Deleted manifest ... could not be found"): each commit that deletes rows replaces manifests.
-- Nothing is lost then; ./firn compact gathers the manifests of those.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders_changelog

CALL lake.system.rewrite_manifests(table => '${schema}.${table}');
