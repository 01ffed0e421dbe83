#!/bin/sh
# A timer that `opsfsm install` wrote, under a systemd that really runs.
#
# Called as root in a mount, process, host-name and IPC namespace of its own, as their first process:
# it lays a layer over everything, so that nothing of the host is changed, and becomes systemd there.
# Takes the path of opsfsm and a folder of the host, in which it leaves what `tried.sh` said (`said`).
# systemd ends with 0 only if all was as it has to be.
set -eu
program=$1 out=$2 root=/run/opsfsm-systemd
here=$(dirname "$(readlink -f "$0")")

mount -t tmpfs -o mode=755 none /run
mkdir -p "$root/over" "$root/work" "$root/host"
mount -t overlay -o "lowerdir=/,upperdir=$root/over,workdir=$root/work" overlay "$root/host"
host=$root/host
mount -t proc proc "$host/proc"
mount -t sysfs -o ro sysfs "$host/sys"
mount --rbind /dev "$host/dev"
mount -t tmpfs -o mode=755 none "$host/run"
mount -t tmpfs none "$host/tmp"
# systemd looks for its own tree of control groups here; that of this process namespace will do.
mount -t tmpfs -o mode=755 none "$host/sys/fs/cgroup"
if grep -q ':name=systemd:' /proc/self/cgroup; then
    mkdir "$host/sys/fs/cgroup/systemd" "$host/sys/fs/cgroup/unified"
    mount -t cgroup -o none,name=systemd cgroup "$host/sys/fs/cgroup/systemd"
    mount -t cgroup2 cgroup2 "$host/sys/fs/cgroup/unified"
else
    mount -t cgroup2 cgroup2 "$host/sys/fs/cgroup"
fi
mkdir -p "$host/run/shared" "$host/usr/local/bin" "$host/root"
mount --bind "$out" "$host/run/shared"
cp "$program" "$host/usr/local/bin/opsfsm"
cp "$here/tried.sh" "$host/usr/local/bin/tried.sh"

units=$host/etc/systemd/system
rm -rf "$units"
mkdir -p "$units/basic.target.wants"
# What looks after hardware, networks and the host's own files has nothing to do here.
for unit in systemd-udevd systemd-udev-trigger systemd-networkd systemd-resolved systemd-modules-load \
    systemd-remount-fs systemd-random-seed systemd-timesyncd systemd-tmpfiles-setup \
    systemd-tmpfiles-setup-dev systemd-sysctl systemd-binfmt systemd-sysusers systemd-firstboot \
    systemd-machine-id-commit systemd-pstore systemd-update-utmp; do
    ln -s /dev/null "$units/$unit.service"
done
ln -s /lib/systemd/system/basic.target "$units/default.target"
ln -s ../tried.service "$units/basic.target.wants/tried.service"
cat >"$units/tried.service" <<'UNIT'
[Unit]
After=sysinit.target
SuccessAction=exit
SuccessActionExitStatus=0
FailureAction=exit
FailureActionExitStatus=9

[Service]
Type=oneshot
Environment=HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
WorkingDirectory=/root
ExecStart=/bin/sh /usr/local/bin/tried.sh
StandardOutput=file:/run/shared/said
StandardError=file:/run/shared/said
UNIT
exec chroot "$host" env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --log-target=console --log-level=notice --show-status=0
