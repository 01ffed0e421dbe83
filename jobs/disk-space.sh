#!/bin/sh
# disk-space.sh: is there room left? Prints one line for each file system, and one that begins
# with `ACTION REQUIRED:` if it is too full; opsfsm reports a check that prints those words.
# Needs a POSIX shell and coreutils; changes nothing.
#
#   DISK_PATHS         folders whose file systems are looked at, parted by `:`; default /
#   DISK_WARN_PERCENT  from this many percent on it is too full; default 90
#
# Exit: 0 looked at all of them, full or not · 1 one could not be looked at · 2 a setting is wrong
set -u
export LC_ALL=C

paths=${DISK_PATHS:-/}
limit=${DISK_WARN_PERCENT:-90}
case $limit in
*[!0-9]* | ????*)
    printf 'disk-space.sh: DISK_WARN_PERCENT is not a percentage: %s\n' "$limit" >&2
    exit 2
    ;;
esac

result=0
while [ -n "$paths" ]; do
    path=${paths%%:*}
    case $paths in
    *:*) paths=${paths#*:} ;;
    *) paths='' ;;
    esac
    if [ -z "$path" ]; then continue; fi
    if [ ! -e "$path" ]; then
        printf 'disk-space.sh: no such file or folder: %s\n' "$path" >&2
        result=1
        continue
    fi
    if ! table=$(df -P -k -- "$path"); then
        printf 'disk-space.sh: df failed on: %s\n' "$path" >&2
        result=1
        continue
    fi
    # device blocks used available percent% mount: device and mount may hold spaces, so the
    # percent sign is what the line is taken apart at.
    line=${table#*
}
    mount=${line#*% }
    figures=${line%%%*}
    percent=${figures##* }
    figures=${figures%"$percent"}
    while [ "$figures" != "${figures% }" ]; do figures=${figures% }; done
    free=${figures##* }
    case $percent,$free in
    ,* | *, | *[!0-9,]*)
        printf '%s: df gives no figures for its file system\n' "$path"
        continue
        ;;
    esac
    printf '%s: %s%% used, %s MiB free\n' "$mount" "$percent" "$((free / 1024))"
    if [ "$percent" -ge "$limit" ]; then
        printf 'ACTION REQUIRED: %s is %s%% full (limit %s%%), %s MiB free\n' \
            "$mount" "$percent" "$limit" "$((free / 1024))"
    fi
done
exit "$result"
