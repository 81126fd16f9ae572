#!/bin/sh
# Places an order and has an older one paid, five times a second, until it is stopped.
set -eu

# \watch repeats the query that stands before it.
{ cat /load.sql; printf '\n\\watch 0.2\n'; } | exec psql -q -v ON_ERROR_STOP=1 -o /dev/null
