#!/bin/sh
# A unit of systemd as a long job.
#   systemd-unit.sh start|status|stop UNIT       SYSTEMCTL="systemctl --user" for one of the user's own
# A unit that ended well has completed; one that was never started, or not since boot, has not.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 start|status|stop UNIT" >&2; exit 2; }
systemctl=${SYSTEMCTL:-systemctl}

call() {
    # shellcheck disable=SC2086  # words: a program and its flags
    $systemctl "$@"
}

show() {
    call show --property="$2" --value -- "$1"
}

case $1 in
    start) call start --no-block -- "$2" ;;
    stop) call stop -- "$2" ;;
    status)
        state=$(show "$2" ActiveState) result=$(show "$2" Result) sub=$(show "$2" SubState)
        begun=$(show "$2" ExecMainStartTimestampMonotonic) cpu=$(show "$2" CPUUsageNSec)
        pid=$(show "$2" ExecMainPID)
        rest="\"message\":\"$state ($sub)\""
        case $cpu in
            '' | *[!0-9]* | 18446744073709551615) ;; # no accounting
            *) rest="$rest,\"progress\":{\"cpuSeconds\":$((cpu / 1000000000))},\"progressKey\":\"$cpu\"" ;;
        esac
        case $state in
            active | activating | reloading | deactivating)
                [ "${pid:-0}" = 0 ] || rest="$rest,\"pid\":$pid"
                printf '%s\n' "{\"running\":true,\"completed\":false,$rest}"
                ;;
            inactive)
                if [ "${begun:-0}" != 0 ] && [ "$result" = success ]; then
                    printf '%s\n' "{\"running\":false,\"completed\":true,$rest}"
                else
                    printf '%s\n' "{\"running\":false,\"completed\":false,\"stopReason\":\"never started\",$rest}"
                fi
                ;;
            failed)
                printf '%s\n' "{\"running\":false,\"completed\":false,\"level\":\"alert\",\"stopReason\":\"$result\",$rest}"
                ;;
            *)
                echo "the state of $2 can't be found out: '$state'" >&2
                exit 1
                ;;
        esac
        ;;
    *) echo "usage: $0 start|status|stop UNIT" >&2; exit 2 ;;
esac
