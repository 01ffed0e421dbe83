#!/bin/sh
# Makes a long job of any command: runs it in the background, says how it is, ends it.
#
#   background.sh start NAME [--size FILE] -- COMMAND [ARGUMENT]...
#   background.sh status NAME
#   background.sh stop NAME
#
# The command's output goes to a log. It has moved when the log has grown, or FILE has, for a command
# that is silent while it writes. Exit 0 completes the job; any other exit is an alert, and a later start
# runs the command again from its beginning: whether it goes on where it was is the command's own
# affair (rsync, rclone and restic do).
#
# Files: ${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/NAME/{pid,log,size,exit}
# Needs: Linux (/proc), setsid and flock of util-linux.
# Exit: 0 done; 1 it could not be found out or done; 2 usage.
set -eu
umask 077

usage() {
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# The moment at which a process started, in ticks since boot; nothing for one that is gone.
started_at() {
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20 | sed -n '/^[ZX]/!s/^. //p'
}

# Does the process, or what it left behind in its group, still run? A pid that was given to another
# process has another start.
alive() {
    [ -s "$dir/pid" ] || return 1
    read -r pid began <"$dir/pid" || return 1
    now=$(started_at "$pid")
    if [ -n "$now" ]; then
        [ "$now" = "$began" ]
    else
        # The leader is gone, or a zombie that nobody collects: is anything of its group left?
        cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^.*) //' |
            awk -v group="$pid" '$3 == group && $1 !~ /[ZX]/ { left = 1 } END { exit !left }'
    fi
}

bytes_of() {
    if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi
}

# The last line of the log as the inside of a JSON string.
last_line() {
    tail -c 4096 "$dir/log" 2>/dev/null | tr '\r' '\n' | LC_ALL=C tr -cd '\12\40-\176' |
        sed '/^ *$/d' | tail -n 1 | cut -c1-200 | sed 's/[\\"]/\\&/g'
}

start() {
    size=
    if [ "${1-}" = --size ]; then
        [ $# -ge 2 ] || usage
        size=$2
        shift 2
    fi
    if [ "${1-}" != -- ] || [ $# -lt 2 ]; then usage; fi
    shift
    mkdir -p "$dir"
    exec 9>"$dir/lock"
    flock -n 9 || { echo "$name: another start is under way"; exit 0; }
    if alive; then
        echo "$name: runs already (pid $pid)"
        exit 0
    fi
    rm -f "$dir/pid" "$dir/exit"
    printf '%s\n' "$size" >"$dir/size"
    # A leader of its own session: nothing that ends a terminal or a timer's unit ends it.
    # shellcheck disable=SC2016  # the inner shell expands it
    setsid sh -c '
        dir=$1; shift
        began=$(sed "s/^.*) //" "/proc/$$/stat" | cut -d" " -f20)
        printf "%s %s\n" "$$" "$began" >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid" || exit
        code=0; "$@" >"$dir/log" 2>&1 || code=$?
        printf "%s\n" "$code" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
    ' background "$dir" "$@" </dev/null >/dev/null 2>&1 9>&- &
    tries=100
    until [ -s "$dir/pid" ] || [ "$tries" -eq 0 ]; do
        tries=$((tries - 1))
        sleep 0.05
    done
    [ -s "$dir/pid" ] || { echo "$name: it did not start" >&2; exit 1; }
    read -r pid began <"$dir/pid"
    echo "$name: started (pid $pid)"
}

status() {
    if [ ! -e "$dir/pid" ]; then
        echo '{"running":false,"completed":false,"stopReason":"never started"}'
        return
    fi
    size=$(cat "$dir/size" 2>/dev/null || true)
    log=$(bytes_of "$dir/log")
    progress="\"logBytes\":$log" key=$log
    if [ -n "$size" ]; then
        bytes=$(bytes_of "$size")
        progress="\"bytes\":$bytes,$progress" key=$log/$bytes
    fi
    rest="\"progress\":{$progress},\"progressKey\":\"$key\",\"message\":\"$(last_line)\""
    # First whether it lives: what ends between the two questions has left its exit code by then.
    if alive; then
        printf '%s\n' "{\"running\":true,\"completed\":false,\"pid\":$pid,$rest}"
    elif [ ! -e "$dir/exit" ]; then
        printf '%s\n' "{\"running\":false,\"completed\":false,\"stopReason\":\"died\",$rest}"
    elif [ "$(cat "$dir/exit")" = 0 ]; then
        printf '%s\n' "{\"running\":false,\"completed\":true,$rest}"
    else
        code=$(tr -cd '0-9' <"$dir/exit")
        printf '%s\n' "{\"running\":false,\"completed\":false,\"level\":\"alert\",\"stopReason\":\"exit $code\",$rest}"
    fi
}

stop() {
    if ! alive; then
        echo "$name: does not run"
        return
    fi
    kill -TERM "-$pid" 2>/dev/null || true
    tries=600
    while alive && [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.05
    done
    if alive; then
        echo "$name: it still runs (pid $pid), 30 s after it was asked to end" >&2
        exit 1
    fi
    echo "$name: stopped"
}

[ $# -ge 2 ] || usage
verb=$1 name=$2
shift 2
case $name in
    '' | .* | *[!A-Za-z0-9._-]*) echo "a name is made of letters, digits, dots, dashes and underscores" >&2; exit 2 ;;
esac
dir=${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/$name
case $verb in
    start) start "$@" ;;
    status) status ;;
    stop) stop ;;
    *) usage ;;
esac
