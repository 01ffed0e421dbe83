#!/bin/sh
# inventory.sh: SHA-256, size and path of every file of a tree, as a long job that can be
# stopped, killed and resumed at any instant. Needs a POSIX shell, coreutils and find.
#
#   inventory.sh start    starts or resumes the worker in the background and returns at once
#   inventory.sh status   prints one JSON object, fast, changing nothing
#   inventory.sh stop     ends the worker and waits until it is gone
#   inventory.sh report   a short summary of what is there so far
#   inventory.sh reset    forgets everything, so that the next start begins anew
#
#   INVENTORY_ROOT    the tree; default: the folder above this script's.
#                     Folders called `target` and everything called `.git` are skipped.
#   INVENTORY_STATE   the job's own folder, and the only place it writes to;
#                     default: ${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/inventory
#   INVENTORY_DELAY   seconds of rest after each file; default 0
#
# In the state folder:
#   list         what to do: one path a line, sorted by bytes, made once by the first start.
#                A newline in a name is written `\n` and a backslash `\\`; all other bytes stay.
#   result       what is done: `sha256 TAB size TAB path` lines in the order of the list. It is
#                the checkpoint: its last whole line says where to go on. A file that can't be
#                hashed has `vanished`, `unreadable` or `replaced` for its sum and `-` for its size.
#   end          why the last worker ended; none while one runs, and none after `kill -9`
#   status.json  what `status` would say, for whoever prefers to read a file
#   lock.N       a symbolic link that names the worker's pid; the highest N counts
set -u
export LC_ALL=C
umask 077

nl='
'
tab=$(printf '\t')
case $0 in
/*) self=$0 ;;
*) self=$PWD/$0 ;;
esac
verb=${1:-}

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "${self##*/}" "$*" >&2; }
# A file that is not there (yet, or any more) has none.
number_of_lines() {
    { echo $(($(wc -l <"$1") + 0)); } 2>/dev/null
}

# escape TEXT CHARACTER: sets $escaped to TEXT with a backslash before every backslash and
# CHARACTER; a newline becomes `\n`.
escape() {
    escaped=''
    rest=$1
    while :; do
        case $rest in
        *["\\$2"]*) ;;
        *) break ;;
        esac
        before=${rest%%["\\$2"]*}
        rest=${rest#"$before"}
        after=${rest#?}
        case $rest in
        "$nl"*) escaped="$escaped$before\\n" ;;
        *) escaped="$escaped$before\\${rest%"$after"}" ;;
        esac
        rest=$after
    done
    escaped=$escaped$rest
}

# json TEXT: sets $quoted to TEXT as a JSON string; what is not printable ASCII becomes `?`.
json() {
    text=$1
    case $text in
    *[!\ -~]*) text=$(printf '%s' "$text" | tr -c ' -~' '?') ;;
    esac
    escape "$text" '"'
    quoted="\"$escaped\""
}

# print_status RUNNING COMPLETED PID KEY LEVEL STOP_REASON MESSAGE, and $count, $total, $bytes.
# An empty PID or STOP_REASON is left out.
print_status() {
    pid_member=${3:+"\"pid\":$3,"}
    reason_member=''
    if [ -n "$6" ]; then
        json "$6"
        reason_member="\"stopReason\":$quoted,"
    fi
    json "$4"
    key=$quoted
    json "$7"
    printf '{"running":%s,"completed":%s,%s%s"progress":{"done":%s,"total":%s,"bytes":%s},"progressKey":%s,"level":"%s","message":%s}\n' \
        "$1" "$2" "$pid_member" "$reason_member" "$count" "$total" "$bytes" "$key" "$5" "$quoted"
}

# --- Who is at work -----------------------------------------------------------------------
# Making `lock.N+1` is atomic, brings the pid with it (no instant without an owner, as between
# `mkdir` and writing a pid into it), and has one winner. The highest lock is never removed, only
# outnumbered: so a dead owner's lock can be taken over without ever removing a living one's.

# Sets $lock to the highest N (0: none) and $owner to what it names.
read_lock() {
    owner=''
    tries=0
    while [ -z "$owner" ] && [ "$tries" -lt 10 ]; do
        lock=0
        for link in "$state"/lock.*; do
            link_number=${link##*.}
            case $link_number in
            '' | *[!0-9]*) continue ;;
            esac
            if [ "$link_number" -gt "$lock" ]; then lock=$link_number; fi
        done
        if [ "$lock" -eq 0 ]; then return; fi
        owner=$(readlink "$state/lock.$lock") # empty: outnumbered and removed since; look again
        tries=$((tries + 1))
    done
}

# Is PID a worker of this state folder? A pid alone proves nothing: it may have been reused.
is_worker() {
    case $1 in
    '' | *[!0-9]*) return 1 ;;
    esac
    kill -0 "$1" 2>/dev/null || return 1
    [ -r /proc/self/cmdline ] || return 0 # no /proc here: the pid has to do
    { words=$(tr '\0\n' '\n?' <"/proc/$1/cmdline"); } 2>/dev/null
    ours=$(printf '%s' "$state" | tr '\n' '?')
    case $words in
    *"${self##*/}${nl}work${nl}$ours") return 0 ;;
    esac
    return 1
}

take_lock() {
    read_lock
    if is_worker "$owner"; then return 1; fi
    next=$((lock + 1))
    ln -s "$$" "$state/lock.$next" 2>/dev/null || return 1 # another was faster
    read_lock
    if [ "$lock" -ne "$next" ]; then
        rm -f "$state/lock.$next"
        return 1
    fi
    for link in "$state"/lock.*; do
        if [ "${link##*.}" -lt "$lock" ]; then rm -f "$link"; fi
    done
}

release_lock() {
    ln -s free "$state/lock.$((lock + 1))" 2>/dev/null
    rm -f "$state/lock.$lock"
}

# --- The worker ---------------------------------------------------------------------------

# Tells the `start` that waits for it, if there is one, and lets it go.
answer() {
    { printf '%s\n' "$*" >&3; } 2>/dev/null
    exec 3>&-
}

# At a SIGTERM. Ends the child too: `wait` may have been about to begin, and a large file takes long.
terminate() {
    stopping=1
    if [ -n "$child" ]; then kill "$child" 2>/dev/null; fi
}

# Waits for a child of the worker. A signal that came before it had a name is seen in $stopping.
wait_child() {
    child=$1
    child_exit=0
    if [ -z "$stopping" ]; then
        wait "$child"
        child_exit=$?
    fi
    if [ -n "$stopping" ]; then
        kill "$child" 2>/dev/null
        wait "$child" 2>/dev/null
        child=''
        finish stopped
    fi
    child=''
    return "$child_exit"
}

write_status() {
    print_status "$@" >"$state/status.json.$$" && mv -f "$state/status.json.$$" "$state/status.json"
}

tell_running() {
    write_status true false "$$" "$count/$total" ok '' "$count of $total files"
}

# finish REASON: the worker's only way out.
finish() {
    say "$1" >"$state/end.$$" && mv -f "$state/end.$$" "$state/end"
    describe_end "$1"
    write_status false "$completed" '' "$count/$total" "$level" "$1" "$message"
    rm -f "$state/hash.$$"
    release_lock
    answer "$1"
    exit 0
}

# Prints each path as a line of the list; find calls this script with it.
print_names() {
    for path; do
        path=${path#./}
        case $path in
        "${INVENTORY_OWN:-//}"/*) continue ;; # the state folder, where it lies inside the tree
        *["\\$nl"]*)
            escape "$path" "$nl"
            path=$escaped
            ;;
        esac
        # A list cut short by a full disk must not pass for a whole one: end find as well.
        printf '%s\n' "$path" || kill "$PPID"
    done
}

make_list() {
    total=0
    write_status true false "$$" listing ok '' 'listing the files'
    find . \( -name .git -o -type d -name target \) -prune -o \
        -type f -exec /bin/sh "$self" names {} + >"$state/list.raw" 2>"$state/list.errors" &
    wait_child $!
    # 1: some folder could not be read; told in the report. 126 and more: find itself failed.
    if [ $? -ge 126 ]; then finish 'failed: cannot list the files'; fi
    sort "$state/list.raw" >"$state/list.tmp" &
    wait_child $! || finish 'failed: cannot sort the list'
    mv -f "$state/list.tmp" "$state/list" || finish 'failed: cannot keep the list'
    rm -f "$state/list.raw"
}

# Drops a torn last line, checks that the rest is the beginning of the list, and counts it.
read_checkpoint() {
    total=$(number_of_lines "$state/list")
    if [ -s "$state/result" ] && [ "$(tail -c 1 "$state/result" | wc -l)" -eq 0 ]; then
        head -n "$(number_of_lines "$state/result")" "$state/result" >"$state/result.$$" ||
            finish 'failed: cannot mend the result'
        mv -f "$state/result.$$" "$state/result" || finish 'failed: cannot mend the result'
    fi
    if [ -s "$state/result" ]; then
        count=$(number_of_lines "$state/result")
        if [ "$(cut -f 3- "$state/result" | sha256sum)" != \
            "$(head -n "$count" "$state/list" | sha256sum)" ]; then
            complain 'the result does not follow the list (damaged disk?): kept as result.bad'
            mv -f "$state/result" "$state/result.bad" || finish 'failed: cannot begin anew'
            count=0
        fi
    fi
    sum_bytes
}

# Sets $bytes from the first $count lines of the result.
sum_bytes() {
    bytes=0
    if [ "$count" -gt 0 ]; then
        # Quiet, for a worker may be setting a damaged result aside just now; what is no digit
        # counts for nothing.
        sizes=$(head -n "$count" "$state/result" 2>/dev/null | cut -f 2 | tr -c '0-9\n' '0' | paste -sd + -)
        # shellcheck disable=SC2004 # an expression: dash needs it spelled out
        bytes=$(($sizes + 0))
    fi
}

# Sets $sum and $size of the file $1.
examine() {
    sum=''
    size=-
    if [ ! -e "./$1" ] && [ ! -L "./$1" ]; then
        sum=vanished
    elif [ -L "./$1" ] || [ ! -f "./$1" ]; then
        sum=replaced # by a link, a pipe or a folder since the list was made
    elif [ ! -r "./$1" ]; then
        sum=unreadable
    else
        sha256sum <"./$1" >"$state/hash.$$" &
        if wait_child $! && read -r sum size <"$state/hash.$$" && size=$(wc -c <"./$1"); then
            size=$((size))
        else
            sum=unreadable
            size=-
            if [ ! -e "./$1" ]; then sum=vanished; fi
        fi
    fi
}

work() {
    stopping='' child='' count=0 total=0 bytes=0
    trap terminate TERM INT
    trap '' PIPE # a `start` that was killed meanwhile must not end its worker
    if ! take_lock; then
        answer "running $owner"
        exit 0
    fi
    if [ -n "${INVENTORY_FORGET:-}" ]; then forget; fi
    if [ "$(cat "$state/root" 2>/dev/null || say "$root")" != "$root" ]; then
        release_lock
        answer "refused: $state belongs to another root: $(cat "$state/root"); reset it first"
        exit 1
    fi
    if [ "$(cat "$state/end" 2>/dev/null)" = completed ]; then
        release_lock
        answer completed
        exit 0
    fi
    cd "$root" || exit 1
    rm -f "$state/end"
    sweep
    say "$root" >"$state/root.$$" || finish 'failed: cannot write'
    mv -f "$state/root.$$" "$state/root" || finish 'failed: cannot write'
    answer "started $$"
    trap - PIPE

    if [ ! -f "$state/list" ]; then make_list; fi
    read_checkpoint
    tell_running
    tail -n "+$((count + 1))" "$state/list" >"$state/todo.$$" || finish 'failed: cannot write'
    command exec 4<"$state/todo.$$" 5>>"$state/result" || finish 'failed: cannot write'
    rm -f "$state/todo.$$"
    while [ -z "$stopping" ] && IFS= read -r line <&4; do
        file=$line
        case $line in
        *\\*)
            file=$(printf '%b.' "$line")
            file=${file%.}
            ;;
        esac
        examine "$file"
        printf '%s\t%s\t%s\n' "$sum" "$size" "$line" >&5 || finish 'failed: cannot write the result'
        count=$((count + 1))
        if [ "$size" != - ]; then bytes=$((bytes + size)); fi
        # The status file moves with each file if they come slowly, else with every twentieth.
        if [ "$delay" != 0 ] || [ $((count % 20)) -eq 0 ]; then tell_running; fi
        if [ "$delay" != 0 ] && [ "$count" -lt "$total" ]; then
            sleep "$delay" &
            wait_child $!
        fi
    done
    if [ "$count" -eq "$total" ]; then finish completed; fi
    if [ -n "$stopping" ]; then finish stopped; fi
    finish 'failed: the list ended early'
}

# Removes what a killed worker left half written.
sweep() {
    rm -f "$state"/hash.* "$state"/todo.* "$state"/end.* "$state"/root.* "$state"/status.json.* \
        "$state"/result.[0-9]* "$state/list.raw" "$state/list.tmp"
}

# `reset`, done as a worker so that no other can start meanwhile. Removes its own files only.
forget() {
    sweep
    for name in list list.errors result result.bad end status.json log root; do
        rm -f "$state/$name"
    done
    rm -f "$state/lock.$lock"
    rmdir "$state" 2>/dev/null
    exit 0
}

# --- What the commands tell ---------------------------------------------------------------

# Sets $completed, $level and $message for an end.
describe_end() {
    completed=false level=ok message="$1 after $count of $total files"
    case $1 in
    completed)
        completed=true
        message="$total files, $bytes bytes"
        unread=$(cut -f 2 "$state/result" 2>/dev/null | tr -dc '-' | wc -c)
        if [ "$unread" -gt 0 ]; then message="$message; $((unread)) could not be read"; fi
        ;;
    failed*) level=alert ;;
    esac
}

status() {
    count=0 total=0 bytes=0 listed=''
    # First who lives, then why not: the other way round, an end in between would be missed.
    read_lock
    if is_worker "$owner"; then alive=$owner; else alive=''; fi
    reason=''
    { read -r reason <"$state/end"; } 2>/dev/null
    if [ ! -f "$state/list" ]; then
        listed=0
        if [ -f "$state/list.raw" ]; then listed=$(number_of_lines "$state/list.raw"); fi
    else
        total=$(number_of_lines "$state/list")
        if [ -f "$state/result" ]; then count=$(number_of_lines "$state/result"); fi
        sum_bytes
    fi
    if [ "$reason" = completed ] || [ -z "$alive" ]; then
        if [ ! -f "$state/root" ]; then
            reason='never started'
        fi
        describe_end "${reason:=died}"
        if [ "$reason" = 'never started' ]; then message=$reason; fi
        print_status false "$completed" '' "$count/$total" "$level" "$reason" "$message"
    elif [ -n "$listed" ]; then
        print_status true false "$alive" "listing $listed" ok '' "listing the files: $listed so far"
    else
        print_status true false "$alive" "$count/$total" ok '' "$count of $total files"
    fi
}

start() {
    mkdir -p "$state" || return 1
    find_state
    # The worker answers on the pipe once it holds the lock or has found that it can't, and then
    # closes it; it keeps nothing else that the caller of `start` could be waiting for.
    reply=$(nohup /bin/sh "$self" work "$state" </dev/null 3>&1 >/dev/null 2>>"$state/log" \
        4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &)
    case $reply in
    "started "*) say "started: pid ${reply#* }" ;;
    "running "*) say "already running: pid ${reply#* }" ;;
    stopped) say "stopped as soon as it was started" ;;
    completed) say "already complete; \`reset\` to do it again" ;;
    *)
        complain "${reply:-the worker died at once: see $state/log}"
        return 1
        ;;
    esac
}

stop() {
    read_lock
    if ! is_worker "$owner"; then
        say 'not running'
        return 0
    fi
    worker=$owner
    waited=0
    while is_worker "$worker"; do
        if [ "$waited" -ge 300 ]; then
            complain "pid $worker has not ended; it can be killed at any time without harm"
            return 1
        fi
        # Each second anew: some shells lose a signal that comes just before their `wait`.
        if [ $((waited % 10)) -eq 0 ]; then kill "$worker" 2>/dev/null; fi
        # A tenth of a second where sleep knows fractions.
        if sleep 0.1 2>/dev/null; then
            waited=$((waited + 1))
        else
            sleep 1
            waited=$((waited + 10))
        fi
    done
    say "stopped: pid $worker"
}

report() {
    count=0 total=0
    if [ -f "$state/list" ]; then total=$(number_of_lines "$state/list"); fi
    if [ -f "$state/result" ]; then count=$(number_of_lines "$state/result"); fi
    sum_bytes
    say "$count of $total files, $bytes bytes"
    if [ "$count" -eq 0 ]; then return; fi
    unread=$(head -n "$count" "$state/result" | cut -f 2 | tr -dc '-' | wc -c)
    if [ "$unread" -gt 0 ]; then say "$((unread)) could not be read"; fi
    if [ -s "$state/list.errors" ]; then
        say "$(number_of_lines "$state/list.errors") complaints of find, the first:"
        head -n 1 "$state/list.errors"
    fi
    say 'largest:'
    head -n "$count" "$state/result" | sort -t "$tab" -k 2,2nr -k 3 | head -n 5 | cut -f 2-
}

# Sets $root, or complains.
find_root() {
    root=$(CDPATH='' cd -P -- "${INVENTORY_ROOT:-${self%/*}/..}" 2>/dev/null && pwd) || {
        complain "not a folder that can be entered: ${INVENTORY_ROOT:-${self%/*}/..}"
        exit 1
    }
    INVENTORY_ROOT=$root
    export INVENTORY_ROOT
    case $state in
    "$root")
        complain "the state folder can't be the tree itself: $root"
        exit 1
        ;;
    "${root%/}"/*) INVENTORY_OWN=${state#"${root%/}"/} ;;
    *) INVENTORY_OWN='' ;;
    esac
    export INVENTORY_OWN
}

# One spelling for one folder: the worker is known by it.
find_state() {
    if [ -d "$state" ]; then
        state=$(CDPATH='' cd -P -- "$state" && pwd) || exit 1
    fi
}

if [ "$verb" = names ]; then
    shift
    print_names "$@"
    exit
fi

state=${INVENTORY_STATE:-}
if [ "$verb" = work ] && [ -n "${2:-}" ]; then state=$2; fi
if [ -z "$state" ]; then
    if [ -z "${XDG_STATE_HOME:-${HOME:-}}" ]; then
        complain 'no HOME, XDG_STATE_HOME or INVENTORY_STATE: where should the state go?'
        exit 2
    fi
    state=${XDG_STATE_HOME:-$HOME/.local/state}/opsfsm-jobs/inventory
fi
find_state
delay=${INVENTORY_DELAY:-0}
case $delay in
*[!0-9.]*)
    complain "INVENTORY_DELAY is not a number of seconds: $delay"
    exit 2
    ;;
esac

case $verb in
start)
    find_root
    start
    ;;
work)
    # By hand it runs in the foreground; then, too, the worker is known by its arguments.
    if [ -z "${2:-}" ]; then
        mkdir -p "$state" && find_state && exec /bin/sh "$self" work "$state"
        exit 1
    fi
    if [ -z "${INVENTORY_FORGET:-}" ]; then
        mkdir -p "$state" || exit 1
        find_state
        find_root
    fi
    work
    ;;
status) status ;;
stop) stop ;;
report) report ;;
reset)
    read_lock
    if is_worker "$owner"; then
        complain "still running: pid $owner; stop it first"
        exit 1
    fi
    if [ -d "$state" ]; then INVENTORY_FORGET=yes exec /bin/sh "$self" work "$state"; fi
    ;;
*)
    complain 'usage: inventory.sh start|status|stop|report|reset'
    exit 2
    ;;
esac
