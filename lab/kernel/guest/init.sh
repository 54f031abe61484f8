#!/bin/busybox sh
# The first program of the guest (/init): mounts the host's root file system, read-only, under a
# layer in memory that takes what the guest writes, and continues there with main.sh.
# /lab.env has MODULES and MAIN, paths on the host.
B=/bin/busybox
die() { echo "the guest cannot start: $*"; $B poweroff -f; }

$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs devtmpfs /dev
. /lab.env
while read -r module; do
  $B insmod "/modules/$module" || die "module $module"
done < /modules.order

# Large messages save time; the host's files do not change while the guest runs, so they are cached.
P9=trans=virtio,version=9p2000.L,msize=1048576
$B mount -t 9p -o "ro,$P9,cache=loose" host /host || die "host's root"
$B mount -t tmpfs -o size=75% tmpfs /upper
$B mkdir /upper/files /upper/work
$B mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work overlay /root ||
  die 'overlay'
for folder in proc sys dev; do $B mount --move "/$folder" "/root/$folder"; done
$B mount -t tmpfs tmpfs /root/run
$B mkdir -p /root/run/lab /root/run/tmp /root/dev/pts /root/dev/shm
$B mount -t 9p -o "$P9,cache=none" lab /root/run/lab || die 'shared folder'
$B mount -t devpts devpts /root/dev/pts
$B mount -t tmpfs tmpfs /root/dev/shm
version=$($B uname -r)
$B mkdir -p "/root/lib/modules/$version"
$B mount --bind "/root$MODULES" "/root/lib/modules/$version" || die 'modules'
exec $B switch_root /root /bin/sh "$MAIN"
