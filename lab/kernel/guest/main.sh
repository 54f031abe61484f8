#!/bin/sh
# The second program of the guest: sets up what systemd would, runs /run/lab/command.sh on the
# console, writes its exit status to /run/lab/status, and ends the guest.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 TMPDIR=/run/tmp

mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ip link set lo up
echo guest > /proc/sys/kernel/hostname

# A session of its own with the console as terminal, so that Ctrl-C reaches the command.
setsid --ctty --wait sh /run/lab/command.sh < /dev/ttyS0 > /dev/ttyS0 2>&1
echo $? > /run/lab/status.new
mv /run/lab/status.new /run/lab/status
sync
echo 1 > /proc/sys/kernel/sysrq
# QEMU runs with -no-reboot: this ends it.
echo b > /proc/sysrq-trigger
sleep 60
