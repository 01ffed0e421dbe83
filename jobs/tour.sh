#!/bin/sh
# A tour of a minute or two: the inventory job is started, killed with `kill -9`, found stalled,
# resumed from its checkpoint and completed. Everything it writes goes to a folder of its own,
# which is removed at the end; nothing of yours is touched.
#
#   sh jobs/tour.sh              builds opsfsm first, if need be
#   OPSFSM=./opsfsm jobs/tour.sh uses that program
set -eu
cd "$(dirname "$0")/.."

if [ -z "${OPSFSM:-}" ]; then
    printf 'building opsfsm (the first time takes a few minutes) …\n' >&2
    cargo build --release --quiet
    OPSFSM=${CARGO_TARGET_DIR:-target}/release/opsfsm
fi

folder=$(mktemp -d)
export XDG_STATE_HOME="$folder" OPSFSM_CONFIG=jobs/opsfsm.toml OPSFSM_STATE="$folder/opsfsm.db"
clean_up() {
    ./jobs/inventory.sh stop >/dev/null 2>&1 || :
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Shows a command, then runs it.
opsfsm() {
    printf '\n$ opsfsm %s\n' "$*"
    "$OPSFSM" "$@"
}
say() { printf '\n# %s\n' "$*"; }

# One tick, shown only if it has something to say: as cron would mail it.
quiet_tick() {
    said=$("$OPSFSM" tick)
    [ -z "$said" ] || printf '\n$ opsfsm tick\n%s\n' "$said"
}

say 'Is the config sound?'
opsfsm check

say 'Start the inventory of this checkout. It goes on in the background.'
opsfsm start inventory
opsfsm tick

say 'A few seconds later, something kills it.'
sleep 6
opsfsm status
pid=$("$OPSFSM" status | sed -n 's/^running pid=\([0-9]*\).*/\1/p')
printf '\n$ kill -9 %s\n' "$pid"
kill -9 "$pid"

say 'The next tick finds it stopped, and starts it again where it was.'
opsfsm tick

say 'The journal says how: stalled, because it had died, then resumed.'
opsfsm history inventory --limit 4

say 'From now on a tick every two seconds, as cron would call it every minute.'
rounds=0
until "$OPSFSM" status | grep -q '^completed .* inventory '; do
    quiet_tick
    rounds=$((rounds + 1))
    [ "$rounds" -lt 300 ] || { echo 'the inventory does not end' >&2; exit 1; }
    sleep 2
done
quiet_tick

say 'It is done: what a last look says, and what was found.'
opsfsm status
printf '\n$ jobs/inventory.sh report\n'
./jobs/inventory.sh report
