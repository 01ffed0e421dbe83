#!/bin/sh
# Dumps a database into a file, which is replaced only by a whole dump.
#   pg-dump.sh DATABASE FILE     connection and secrets: PGHOST, PGUSER, ~/.pgpass …
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DATABASE FILE" >&2; exit 2; }
pg_dump --format=custom --file="$2.part" -- "$1"
pg_restore --list "$2.part" >/dev/null
mv -- "$2.part" "$2"
echo "$2: $(wc -c <"$2" | tr -d ' ') bytes"
