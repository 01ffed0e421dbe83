#!/bin/sh
# Says what of a folder is not the same in its copy. Compares by checksum and changes nothing.
#   rsync-differs.sh FROM TO
set -eu
[ $# -eq 2 ] || { echo "usage: $0 FROM TO" >&2; exit 2; }
differs=$(rsync -a --checksum --dry-run --itemize-changes -- "$1" "$2" | grep -v '^\.d' || true)
if [ -n "$differs" ]; then
    count=$(printf '%s\n' "$differs" | wc -l | tr -d ' ')
    echo "ACTION REQUIRED: $count of $1 are missing or other in $2"
    printf '%s\n' "$differs" | head -n 20
fi
