#!/bin/sh
# prune.sh: removes old files under one folder of its own. Needs a POSIX shell, coreutils, find.
#
#   prune.sh plan     lists what `run` would remove; changes nothing
#   prune.sh run      removes it
#   prune.sh verify   exits 0 only if no file that old is left; changes nothing
#
#   PRUNE_DIR   the folder; default: ${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/prune/data
#   PRUNE_DAYS  files last changed this many days ago, or earlier, are old; default 14, at least 1
#
# The guard: a folder is touched only if a regular file `.opsfsm-prune` lies in it, put there by a
# person. So a wrong or unset PRUNE_DIR removes nothing. Symbolic links are neither followed nor
# removed, other file systems not entered, folders left where they are.
#
# Exit: 0 done, or verified · 1 something could not be removed, or is left · 2 refused
set -u
export LC_ALL=C

complain() { printf 'prune.sh: %s\n' "$*" >&2; }

days=${PRUNE_DAYS:-14}
folder=${PRUNE_DIR:-}
if [ -z "$folder" ]; then
    if [ -z "${XDG_STATE_HOME:-${HOME:-}}" ]; then
        complain 'no HOME, XDG_STATE_HOME or PRUNE_DIR'
        exit 2
    fi
    folder=${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/prune/data
fi
case $days in
*[!0-9]* | 0* | ??????*)
    complain "PRUNE_DAYS is not a number of days from 1 on: $days"
    exit 2
    ;;
esac
while [ "$folder" != "${folder%/}" ]; do folder=${folder%/}; done # `link/` would follow the link
if [ -L "$folder" ] || ! CDPATH='' cd -P -- "$folder/" 2>/dev/null; then
    complain "not a folder that can be entered: $folder"
    exit 2
fi
# From here on only `.` is named: whatever happens to the path, it stays this folder.
if [ -L .opsfsm-prune ] || [ ! -f .opsfsm-prune ]; then
    complain "no file .opsfsm-prune in $folder: not touched"
    exit 2
fi

# old ACTION...: does it to each old file. (`-mtime +13` is find's way to say 14 days or more.)
old() {
    find . -xdev -type f ! -name .opsfsm-prune -mtime "+$((days - 1))" "$@"
}

# A dot for each, so that a newline in a name counts for nothing.
# shellcheck disable=SC2016 # expands in the inner shell
count_old() {
    dots=$(old -exec /bin/sh -c 'for file; do printf .; done' sh {} +) || return 1
    printf '%s\n' "${#dots}"
}

case ${1:-} in
plan)
    old -print || exit 1
    ;;
run)
    before=$(count_old) || before='some'
    old -exec rm -f -- {} +
    result=$?
    left=$(count_old) || left='an unknown number'
    printf 'old files: %s before, %s left\n' "$before" "$left"
    if [ "$result" -ne 0 ]; then
        complain 'not all could be looked at and removed'
        exit 1
    fi
    ;;
verify)
    if ! left=$(count_old); then
        complain 'not all could be looked at'
        exit 1
    fi
    printf 'old files: %s left\n' "$left"
    if [ "$left" -ne 0 ]; then exit 1; fi
    ;;
*)
    complain 'usage: prune.sh plan|run|verify'
    exit 2
    ;;
esac
