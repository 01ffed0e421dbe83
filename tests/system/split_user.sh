#!/bin/sh
# The split-user set-up with real accounts and the real sudo: what an agent may do, each thing that it
# must not be able to do, and an approval by somebody else.
#
# Called as root in a mount and a process namespace of its own: /etc, /home, /run, /usr/local and /var/lib
# are covered here, so that nothing of the host is changed. Takes the path of opsfsm; ends with 0 only if
# all was as it has to be.
set -u
exec 3<"$1"
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
unset OPSFSM_CONFIG OPSFSM_STATE TELEGRAM_BOT_TOKEN

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# name, what has to be in its output, command: it has to go well.
allowed() {
    name=$1 wanted=$2
    shift 2
    out=$("$@" 2>&1) || fail "$name: exit $?: $out"
    printf '%s\n' "$out" | grep -qE -e "$wanted" || fail "$name: no '$wanted' in: $out"
    printf 'allowed: %s\n' "$name"
}

# name, what has to be in its output, command: it has to fail, for this very reason.
refused() {
    name=$1 wanted=$2
    shift 2
    out=$("$@" 2>&1 </dev/null) && fail "$name: it went through: $out"
    printf '%s\n' "$out" | grep -qE -e "$wanted" || fail "$name: no '$wanted' in: $out"
    printf 'refused: %s\n' "$name"
}

absent() {
    for file in "$@"; do
        [ ! -e "$file" ] || fail "$file is there"
    done
}

# A command of an account, with a short environment.
as() {
    user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups --reset-env \
        env PATH="$PATH" SUDO_ASKPASS="/home/$user/askpass" "$@"
}

# A line of shell of an account at a terminal of its own.
at_terminal() {
    as "$1" script -qec "$2" /dev/null </dev/null
}

cover() {
    for folder in /usr/local /home /run /var/lib; do
        mount -t tmpfs -o mode=755 none "$folder" || fail "$folder can't be covered"
    done
    mkdir /usr/local/bin /usr/local/libexec /run/etc
    cp -a /etc/. /run/etc || fail '/etc can not be copied'
    mount --bind /run/etc /etc || fail '/etc can not be covered'
    rm -f /etc/sudoers.d/opsfsm /etc/systemd/system/opsfsm-tick.*
    cat <&3 >/usr/local/bin/opsfsm || fail 'no program'
    chmod 755 /usr/local/bin/opsfsm
    # No systemd of this namespace: what it is told is noted.
    cat >/usr/local/bin/systemctl <<'SH'
#!/bin/sh
echo "$*" >> /run/systemctl.log
wants=/etc/systemd/system/timers.target.wants
[ "$1" != enable ] || { mkdir -p "$wants" && ln -sf ../opsfsm-tick.timer "$wants/"; }
SH
    chmod 755 /usr/local/bin/systemctl
    for user in agent approver; do
        useradd --create-home --user-group --shell /bin/sh "$user" || fail "no account $user"
        printf '%s:secret of %s\n' "$user" "$user" | chpasswd || fail "no password of $user"
        printf '#!/bin/sh\necho "secret of %s"\n' "$user" >"/home/$user/askpass"
        chmod 755 "/home/$user/askpass"
    done
}

O=/usr/local/bin/opsfsm
DOOR="sudo -n -u opsfsm $O door"
APPROVE="sudo -A -u opsfsm $O door-approve"

lay_out() {
    cp "$O" /home/agent/opsfsm && chown agent /home/agent/opsfsm
    refused 'install of a program that the agent may change' \
        'others than root may change the program' /home/agent/opsfsm install --system --write
    refused 'install by the agent' 'only root' as agent "$O" install --system --write
    allowed 'the agent reads what would be laid out' 'OPSFSM_APPROVE' as agent "$O" install --system
    absent /etc/sudoers.d/opsfsm /etc/opsfsm
    allowed 'install' 'the timer runs, as opsfsm' "$O" install --system --write
    allowed 'install once more' 'the timer runs, as opsfsm' "$O" install --system --write
    grep -qx 'enable --now opsfsm-tick.timer' /run/systemctl.log || fail 'systemd was not told'
    [ "$(stat -c '%U:%G %a' /etc/opsfsm)" = 'root:root 755' ] || fail 'mode of /etc/opsfsm'
    [ "$(stat -c '%U:%G %a' /etc/opsfsm/opsfsm.toml)" = 'root:opsfsm 640' ] || fail 'mode of the config'
    [ "$(stat -c '%U:%G %a' /var/lib/opsfsm)" = 'opsfsm:opsfsm 700' ] || fail 'mode of /var/lib/opsfsm'
    [ "$(stat -c '%U:%G %a' /etc/sudoers.d/opsfsm)" = 'root:root 440' ] || fail 'mode of the rules'
    visudo -cq || fail 'visudo finds something wrong'
    refused 'a plain timer over it' 'split-user set-up' "$O" install --write
    if command -v systemd-analyze >/dev/null; then
        said=$(systemd-analyze verify --man=no /etc/systemd/system/opsfsm-tick.service \
            /etc/systemd/system/opsfsm-tick.timer 2>&1 | grep opsfsm)
        [ -z "$said" ] || fail "systemd-analyze: $said"
    fi
    usermod -aG opsfsm-approvers approver || fail 'no member'
    install -d -o opsfsm -g opsfsm /home/data
    printf '#!/bin/sh\nid -un > /home/data/done\n' >/usr/local/libexec/prune
    printf '#!/bin/sh\ntest -s /home/data/done\n' >/usr/local/libexec/verify
    chmod 755 /usr/local/libexec/*
    cat >/etc/opsfsm/opsfsm.toml <<'TOML'
version = 1

[[jobs]]
id = "prune"
kind = "one_shot_write"
risk = "write_local"
enabled = true
manual = true
cwd = "/home/data"
commands.run = ["/usr/local/libexec/prune"]
after = [{ jobId = "verify", when = "success" }, { jobId = "verify", when = "failure" }]

[[jobs]]
id = "verify"
kind = "one_shot_read"
risk = "read_only"
enabled = true
cwd = "/home/data"
commands.run = ["/usr/local/libexec/verify"]
TOML
    echo '123456789:a-token-of-a-bot' >/var/lib/opsfsm/token
    chown opsfsm:opsfsm /var/lib/opsfsm/token && chmod 600 /var/lib/opsfsm/token
}

# What the timer calls, as the account that its unit names.
tick() {
    unit=/etc/systemd/system/opsfsm-tick.service
    call=$(sed -n 's/^ExecStart=//p' "$unit")
    # shellcheck disable=SC2086 # the unit has plain words only
    as "$(sed -n 's/^User=//p' "$unit")" $call
}

# shellcheck disable=SC2086 # $DOOR and $APPROVE are several words
what_an_agent_may() {
    tick || fail 'a tick'
    cd /home/agent || fail 'no folder'
    allowed 'status' '^blocked .*|prune.*blocked' as agent $DOOR status
    allowed 'explain' 'prune' as agent $DOOR explain prune
    allowed 'plan' '/usr/local/libexec/prune +sha256' as agent $DOOR plan prune
    refused 'a request without a config of its own' "or ask the account .*: sudo -u opsfsm $O door" \
        as agent "$O" request prune
    allowed 'request' "approves it with: sudo -u opsfsm $O door-approve approve prune" \
        as agent $DOOR request prune --reason 'the disk is full'
    allowed 'who asked is recorded' "pending.*agent \(uid $(id -u agent)\).*the disk is full" \
        as agent $DOOR approvals
    allowed 'who asked is in the journal' "agent \(uid $(id -u agent)\)" as agent $DOOR history prune
    digest=$(as agent $DOOR plan prune --format json | sed -n 's/.*"shortDigest": "\(.*\)".*/\1/p')
    [ -n "$digest" ] || fail 'no digest'
}

# shellcheck disable=SC2086 # as above
what_sudo_keeps_an_agent_from() {
    not='not allowed|a password is required|may not run'
    for words in "door-approve approve prune --digest $digest" "approve prune --digest $digest" \
        '--config-file /home/agent/own.toml door status' '--state-file /home/agent/own.db tick' \
        'tick' 'run prune' '__exec 1' '__sandbox / /bin/sh sh' 'restore /home/agent/own.db' 'door' \
        'doors status' 'Door status'; do
        refused "opsfsm $words" "$not" as agent sudo -A -u opsfsm "$O" $words
    done
    refused 'opsfsm as root' "$not" as agent sudo -A "$O" door status
    refused 'another program of this name' "$not" as agent sudo -A -u opsfsm /home/agent/opsfsm door status
    for program in sh /bin/sh /usr/bin/env; do
        refused "sudo $program" "$not" as agent sudo -A -u opsfsm "$program"
    done
    refused 'a shell' "$not" as agent sudo -A -u opsfsm -s
    refused 'a login shell' "$not" as agent sudo -A -u opsfsm -i
    refused 'an editor' "$not" as agent sudoedit -A -u opsfsm /var/lib/opsfsm/token
    refused 'another folder' "not permitted|$not" as agent sudo -n -D /tmp -u opsfsm "$O" door status
    refused 'the groups of the caller' "leave out sudo's -P" as agent sudo -n -P -u opsfsm "$O" door status
    refused 'a group of choice' "$not" as agent sudo -n -g root -u opsfsm "$O" door status
    refused 'the group that reads the config' "$not" as agent sudo -n -g opsfsm "$O" door status
    refused 'another root' "not permitted|$not" as agent sudo -n -R /home/agent -u opsfsm "$O" door status
    refused 'the whole environment' "$not" as agent sudo -n -E -u opsfsm "$O" door status
    for variable in OPSFSM_CONFIG=/home/agent/own.toml OPSFSM_STATE=/home/agent/own.db \
        LD_PRELOAD=/home/agent/own.so PATH=/home/agent SUDO_UID=0 HOME=/home/agent; do
        refused "$variable" "$not" as agent sudo -n "$variable" -u opsfsm "$O" door status
        # Merely exported it has no effect at all.
        allowed "$variable, ignored" "$digest.*agent \(uid" \
            as agent env "$variable" /usr/bin/sudo -n -u opsfsm "$O" door approvals
    done
    # A host whose own rules let everything through: the door takes nothing of it.
    echo "Defaults env_keep += \"OPSFSM_CONFIG OPSFSM_STATE PATH\"" >/etc/sudoers.d/aa-loose
    echo "agent ALL = (opsfsm) NOPASSWD: SETENV: $O door *" >/etc/sudoers.d/zz-loose
    for variable in OPSFSM_CONFIG=/home/agent/own.toml OPSFSM_STATE=/home/agent/own.db PATH=/home/agent \
        HOME=/home/agent XDG_STATE_HOME=/home/agent TELEGRAM_BOT_TOKEN=1:own; do
        allowed "$variable, let through by loosened rules and ignored" "$digest.*agent \(uid" \
            as agent env "$variable" /usr/bin/sudo -n "$variable" -u opsfsm "$O" door approvals
    done
    rm /etc/sudoers.d/aa-loose /etc/sudoers.d/zz-loose
    refused 'su' 'Authentication failure|Permission denied' as agent su opsfsm -c id
}

# shellcheck disable=SC2086 # as above
what_the_door_keeps_an_agent_from() {
    for words in "approve prune --digest $digest" 'run prune' 'deny prune' 'revoke prune' \
        'acknowledge prune' 'verify prune' 'stop prune' 'tick' 'backup /home/agent/own.db' 'adopt' \
        'status --config-file /home/agent/own.toml' '--state-file /home/agent/own.db status' \
        'request prune --by root' 'door-approve approve prune'; do
        refused "door $words" 'unexpected argument|unrecognized subcommand' as agent $DOOR $words
    done
    refused 'words in one' 'unrecognized subcommand' as agent sudo -n -u opsfsm "$O" 'door status'
    refused 'words in one, with a line break' 'unrecognized subcommand|unexpected argument' \
        as agent $DOOR 'status
door-approve'
    refused 'a job that is none' 'there is no job' as agent $DOOR plan ../prune
    refused 'the door without sudo' 'this is for the account opsfsm' \
        as agent env SUDO_UID=0 "$O" door-approve approve prune --digest "$digest"
    refused 'the door by root alone' 'this is for the account opsfsm' "$O" door status
    refused 'the door by somebody whom sudo does not name' 'sudo does not tell who calls' \
        as opsfsm "$O" door status
    # Rules that somebody has loosened: the door itself knows who may approve.
    echo "agent ALL = (opsfsm) NOPASSWD: $O door-approve *" >/etc/sudoers.d/zz-loose
    refused 'an approval by loosened rules' 'agent \(uid [0-9]+\) is no member of the group opsfsm-approvers' \
        as agent sudo -n -u opsfsm "$O" door-approve approve prune --digest "$digest"
    rm /etc/sudoers.d/zz-loose
}

# shellcheck disable=SC2016 # it is the shell of the agent that reads "$1"
what_files_keep_an_agent_from() {
    no='Permission denied|not permitted|unable to open|cannot (stat|open|create|move|remove)|nonexistent directory'
    store=/var/lib/opsfsm/opsfsm.db
    [ -e "$store" ] || fail 'no store'
    echo '# mine' >/home/agent/own && chown agent /home/agent/own
    for file in /etc/opsfsm/opsfsm.toml "$store" "$store.witness" /var/lib/opsfsm/token \
        /etc/sudoers.d/opsfsm "$O" /usr/local/libexec/prune /etc/systemd/system/opsfsm-tick.service; do
        refused "write $file" "$no" as agent sh -c 'cat /home/agent/own >> "$1"' sh "$file"
        refused "copy onto $file" "$no" as agent cp -f /home/agent/own "$file"
        refused "move onto $file" "$no" as agent mv -f /home/agent/own "$file"
        refused "remove $file" "$no" as agent rm -f "$file.none" "$file"
    done
    for file in /etc/opsfsm/opsfsm.toml "$store" /var/lib/opsfsm/token /etc/sudoers.d/opsfsm; do
        refused "read $file" "$no" as agent cat "$file"
    done
    refused 'look into the folder' "$no" as agent ls /var/lib/opsfsm
    refused 'a new job beside the config' "$no" as agent touch /etc/opsfsm/own.toml
    if command -v sqlite3 >/dev/null; then
        refused 'a forged grant' "$no" as agent sqlite3 "$store" 'select * from meta'
    fi
    printf 'version = 1\n' >/home/agent/own.toml
    refused 'the store by a config of its own' "$no|refused|can.t be" \
        as agent "$O" --config-file /home/agent/own.toml --state-file "$store" status
    as opsfsm sleep 1000 &
    until pid=$(pgrep -u opsfsm -x sleep); do :; done
    refused 'a signal' 'not permitted' as agent kill -9 "$pid"
    refused 'the environment of a process' "$no" as agent cat "/proc/$pid/environ"
    kill "$pid"
}

# shellcheck disable=SC2086 # as above
what_an_admin_is_told() {
    here="--config-file /etc/opsfsm/opsfsm.toml --state-file /var/lib/opsfsm/opsfsm.db"
    allowed 'doctor' '^ok +split-user .*approve: approver' as opsfsm "$O" $here doctor
    chmod go+w /usr/local/libexec/verify
    refused 'doctor, of a script that anybody may change' \
        '^fail +split-user .*gap: others may change what .verify. runs' as opsfsm "$O" $here doctor
    chmod go-w /usr/local/libexec/verify
    cp -p /etc/opsfsm/opsfsm.toml /home/config
    echo 'env = { A = "a word of the config" ' >>/etc/opsfsm/opsfsm.toml
    refused 'the lines of a broken config' 'is broken; nothing was run. Whoever' as agent $DOOR status
    ! as agent $DOOR plan prune 2>&1 | grep 'a word of the config' || fail 'it shows the config'
    refused 'doctor, of a broken config' 'errors: 1' as opsfsm "$O" $here doctor
    cp -p /home/config /etc/opsfsm/opsfsm.toml
}

# shellcheck disable=SC2086 # as above
what_is_still_so() {
    out=$(as agent $DOOR approvals) || fail 'approvals'
    [ "$(printf '%s\n' "$out" | wc -l)" = 1 ] || fail "more than the request: $out"
    absent /home/data/done
    refused 'a start without approval' 'no approval' as approver $APPROVE run prune
}

# shellcheck disable=SC2086 # as above
what_an_approver_may() {
    refused 'an approval in the name of another' 'unexpected argument' \
        as approver $APPROVE approve prune --digest "$digest" --by root
    refused 'an approval without a terminal' 'typed by a person at a terminal' \
        as approver $APPROVE approve prune --digest "$digest"
    refused 'an approval without a password' 'password is required' \
        as approver sudo -n -u opsfsm "$O" door-approve approve prune --digest "$digest"
    refused 'an approval of another plan' 'not what was reviewed' \
        at_terminal approver "$APPROVE approve prune --digest 000000000000"
    allowed 'an approval' 'prune: approved' at_terminal approver "$APPROVE approve prune --digest $digest"
    refused 'another approval by the same password' 'password is required' \
        as approver sudo -n -u opsfsm "$O" door-approve approve prune --digest "$digest"
    allowed 'who approved is recorded' "live.*approver \(uid $(id -u approver)\)" as agent $DOOR approvals
    refused 'a start by the agent' 'unrecognized subcommand' as agent $DOOR run prune
    allowed 'the write and its verification' 'prune: verified' as approver $APPROVE run prune --wait
    [ "$(cat /home/data/done)" = opsfsm ] || fail "it ran as $(cat /home/data/done)"
    allowed 'the approval is used' 'used.*approver' as agent $DOOR approvals
    refused 'another start' 'no approval' as approver $APPROVE run prune
    allowed 'who approved is in the journal' "approved by approver \(uid $(id -u approver)\)" \
        as agent $DOOR history prune
    allowed 'the journal is whole' '^ok: ' as agent $DOOR history --verify
}

take_back() {
    allowed 'uninstall shows' 'would remove' "$O" uninstall --system
    [ -e /etc/sudoers.d/opsfsm ] || fail 'it was removed'
    allowed 'uninstall' 'stay: whoever wants' "$O" uninstall --system --write
    absent /etc/sudoers.d/opsfsm /etc/systemd/system/opsfsm-tick.timer
    for file in /var/lib/opsfsm/opsfsm.db /etc/opsfsm/opsfsm.toml; do
        [ -e "$file" ] || fail "$file is gone"
    done
    id opsfsm >/dev/null || fail 'the account is gone'
    # shellcheck disable=SC2086 # as above
    refused 'the door that is gone' 'not allowed|password is required' as agent $DOOR status
}

cover
lay_out
what_an_agent_may
what_sudo_keeps_an_agent_from
what_the_door_keeps_an_agent_from
what_files_keep_an_agent_from
what_an_admin_is_told
what_is_still_so
what_an_approver_may
take_back
echo 'all as it has to be'
