#!/bin/sh
# Says so when a field of a JSON answer is not as it should be. Needs curl and jq.
#   web-api.sh URL FIELD EXPECTED       FIELD as jq writes it: .status
set -eu
[ $# -eq 3 ] || { echo "usage: $0 URL FIELD EXPECTED" >&2; exit 2; }
answer=$(curl --silent --show-error --fail --max-time 20 --max-filesize 1000000 --retry 2 -- "$1") || {
    echo "ACTION REQUIRED: $1 does not answer"
    exit 0
}
found=$(printf '%s' "$answer" | jq -r "$2") || {
    echo "ACTION REQUIRED: $1 answers no JSON"
    exit 0
}
[ "$found" = "$3" ] || echo "ACTION REQUIRED: $1: $2 is '$(printf '%s' "$found" | head -c 200)', not '$3'"
