-- Write all rows of a range anew, sorted, so that queries by these columns read few files.
--
-- What 22-rewrite-data-files says holds here too.
--
-- Replace before running (as text, everywhere in this file):
--   ${schema}  where the table lies, such as shop
--   ${table}   the table, such as orders
--   ${where}   files that may have such rows are taken on: such as id < 1000000
--   ${order}   such as customer_id, id DESC; or zorder(customer_id, id)

CALL lake.system.rewrite_data_files(
  table => '${schema}.${table}',
  strategy => 'sort',
  sort_order => '${order}',
  where => '${where}',
  options => map(
    'rewrite-all', 'true',
    'max-file-group-size-bytes', '2147483648',
    'partial-progress.enabled', 'true',
    'partial-progress.max-commits', '50'));
