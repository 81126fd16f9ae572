#!/bin/sh
# Runs once, on an empty data folder: the shop, and the role that captures it and owns its tables.
set -eu

psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v password="$FIRN_DB_PASSWORD" <<'SQL'
CREATE ROLE firn LOGIN REPLICATION PASSWORD :'password';
GRANT CREATE ON DATABASE shop TO firn;
SQL
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c 'SET ROLE firn' -f /shop.sql
