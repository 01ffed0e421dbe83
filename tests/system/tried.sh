#!/bin/sh
# What is tried under systemd: a job that a timer's tick starts again, and that goes on after that tick.
set -u

fail() {
    printf 'FAILED: %s\n' "$*"
    journalctl --no-pager -u opsfsm-tick.service | tail -n 30
    exit 1
}

# What has to come to be, and the command that says that it has: asked until then, and not for ever.
until_true() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || fail "never: $what"
        sleep 0.1
    done
    printf 'seen: %s\n' "$what"
}

told() { opsfsm history job --limit 50 | grep -q -e "$1"; }
lives() { kill -0 "$(cat /root/job.pid)"; }
idle() { [ "$(systemctl is-active opsfsm-tick.service)" = inactive ]; }
another() { lives && [ "$(cat /root/job.pid)" != "$first" ]; }

cat >/root/start.sh <<'JOB'
#!/bin/sh
setsid sh -c 'echo $$ >/root/job.pid; while :; do date +%s%N >/root/job.moved; sleep 0.2; done' \
    >/dev/null 2>&1 </dev/null &
JOB
cat >/root/status.sh <<'JOB'
#!/bin/sh
runs=false
[ -s /root/job.pid ] && kill -0 "$(cat /root/job.pid)" 2>/dev/null && runs=true
printf '{"running": %s, "completed": false, "progress": {"n": %s}}\n' "$runs" "$(cat /root/job.moved)"
JOB
chmod 700 /root/start.sh /root/status.sh
mkdir -p /root/.config/opsfsm
cat >/root/.config/opsfsm/opsfsm.toml <<'CONFIG'
version = 1

[[jobs]]
id = "job"
kind = "long_running_read"
risk = "read_only"
enabled = true
cwd = "/root"
commands = { start = ["./start.sh"], status = ["./status.sh"] }
policy = { autoResume = true, autoResumeBackoffSeconds = 1, startGraceSeconds = 1, maxResumes = 9 }
CONFIG

opsfsm check || fail 'the config is not sound'
opsfsm install --every 10s --write || fail 'it can not be installed'
[ "$(systemctl is-active opsfsm-tick.timer)" = active ] || fail 'the timer does not run'
[ "$(systemctl is-enabled opsfsm-tick.timer)" = enabled ] || fail 'the timer does not outlive a boot'
opsfsm start job || fail 'it can not be started'
until_true 'a tick that the timer called has seen the job run' told 'seen_running\|started'
until_true 'the job has begun' lives
opsfsm doctor | grep -q '^ok    timer      systemd' || fail "doctor: $(opsfsm doctor)"

first=$(cat /root/job.pid)
kill -9 "$first"
until_true 'the timer found it stopped' told 'seen_stopped → stalled'
until_true 'the timer started it again' told 'resume ended: exit=0'
until_true 'it lives again' another
until_true 'it is seen to run' told 'seen_running → running'
# The tick that started it is over: a job that ends with it would be gone.
until_true 'no tick runs' idle
lives || fail 'the job ended with the tick that had started it'

opsfsm uninstall --write || fail 'it can not be uninstalled'
! systemctl cat opsfsm-tick.timer >/dev/null 2>&1 || fail 'the timer is still there'
lives || fail 'the job ended with the timer'
echo 'all as it has to be'
