#!/bin/sh
# Says so when a dump can't be read, or is older than so many hours.
#   pg-dump-check.sh FILE HOURS
set -eu
[ $# -eq 2 ] || { echo "usage: $0 FILE HOURS" >&2; exit 2; }
if [ ! -f "$1" ]; then
    echo "ACTION REQUIRED: there is no dump $1"
elif ! pg_restore --list "$1" >/dev/null 2>&1; then
    echo "ACTION REQUIRED: $1 can't be read by pg_restore"
elif [ -n "$(find "$1" -mmin "+$(($2 * 60))")" ]; then
    echo "ACTION REQUIRED: $1 is older than $2 hours"
fi
