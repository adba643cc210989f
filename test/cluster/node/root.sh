#!/usr/bin/env bash
# First program of the node's namespaces: gives the node a root filesystem of its own, then becomes node.sh.
#
# The root is the folder $RUN/root with the host's programs (/usr, read only) and devices mounted into it. So every
# component keeps its usual paths (/var/lib/kubelet, /run/containerd, /etc/kubernetes), nothing the node, a pod or a
# hostPath volume writes reaches the host, and removing $RUN removes all of it.
#
# Environment: RUN ID NODE HOST (keeper.py), BIN (up.sh).
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$RUN/root
mkdir -p "$root"
mount --bind "$root" "$root"
cd "$root"
mkdir -p dev etc mnt opt/cluster opt/programs proc root run sys tmp usr var/log var/lib var/tmp
chmod 1777 tmp var/tmp
ln -sfn /run var/run

read_only() { # FROM TO
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2"
}
read_only /usr usr
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then # Debian's merged /usr
    cp -P "/$folder" .
  elif [ -d "/$folder" ]; then
    mkdir -p "$folder"
    read_only "/$folder" "$folder"
  fi
done
for name in alternatives group ld.so.cache nsswitch.conf os-release passwd protocols services; do
  [ ! -e "/etc/$name" ] || cp -a "/etc/$name" etc/
done
printf '127.0.0.1 localhost\n%s node0\n' "$NODE" >etc/hosts
read_only "$scripts" opt/cluster
# Links in $BIN lead to builds beside it, so all of the cache is seen.
read_only "$(dirname "$BIN")" opt/programs
BIN=/opt/programs/$(basename "$BIN")

mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs tmpfs run

# kubelet sets these for the whole machine unless they have the values it wants: let it read those.
sysctl() { # NAME VALUE
  printf '%s\n' "$2" >"run/sysctl-${1##*/}"
  mount --bind "run/sysctl-${1##*/}" "proc/sys/$1"
}
sysctl vm/overcommit_memory 1
sysctl vm/panic_on_oom 0
sysctl kernel/panic 10
sysctl kernel/panic_on_oops 1
sysctl kernel/keys/root_maxkeys 1000000
sysctl kernel/keys/root_maxbytes 25000000

pivot_root . mnt
cd /
umount -l /mnt
mount --make-rshared /
unset RUN
export BIN PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec bash /opt/cluster/node/node.sh
