#!/bin/bash
# vm.sh - run a command as root under Debian's own kernel, where cgroup v2 is all there is.
#
# usage: vm.sh [-k] [-t SECONDS] [-m MIB] COMMAND [ARG...]      or: vm.sh -n
#   -t  time limit for everything, boot included (default 3000)    -m  memory (default 3072)
#   -k  use KVM (not tried by itself: a nested one is often there and broken)
#   -n  only say whether this host has what it takes: exit status 0, or 125 and what is missing
#
# A machine of qemu boots the newest kernel of /boot. Its root is this host's own file tree, served
# read-only, with memory on top: the command finds the same checkout, compilers and engines, in
# the same folder, may write anywhere, and leaves no trace. No image, network or KVM is needed.
#
# Output of the command, both streams, goes to stdout. Exit status: the command's; 124 time limit;
# 125 the machine failed (its console follows on stderr).
#
# What the guest has: no network but lo, no udev, no systemd; TMPDIR (/run/tmp) is a tmpfs, which
# overlays need that are made by tests; the command runs in a leaf cgroup, every controller enabled
# beside it. Starting a process takes about 100 times as long as outside: MOULETTE_TIME_FACTOR (30
# unless set) tells the tests.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=scripts/machine.bash
. "$(dirname "$0")/machine.bash"

limit=3000 memory=3072 kvm='' ask=''
while getopts knt:m: letter; do
	case $letter in
	k) kvm=1 ;;
	n) ask=1 ;;
	t) limit=$OPTARG ;;
	m) memory=$OPTARG ;;
	*) sed -n '4,7s/^# *//p' "$0" >&2; exit 125 ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$ask" ] || [ $# -gt 0 ] || fail "no command given"
[ "$(id -u)" = 0 ] || fail "must be root"

find_kernel() {
	local image version
	while read -r version; do
		image=/boot/vmlinuz-$version
		if [ -r "$image" ] && [ -d "/lib/modules/$version" ]; then
			echo "$version"
			return
		fi
	done < <(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -rV)
	fail "no kernel with modules in /boot; try scripts/install-deps.sh vm"
}

find_file_server() {
	local path
	for path in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
		if [ -x "$path" ]; then
			echo "$path"
			return
		fi
	done
	fail "virtiofsd not found; try scripts/install-deps.sh vm"
}

command -v qemu-system-x86_64 >/dev/null ||
	fail "qemu-system-x86_64 not found; try scripts/install-deps.sh vm"
kernel=$(find_kernel)
file_server=$(find_file_server)
[ -z "$ask" ] || exit 0
here=$PWD
make_job

# --- the first file system: busybox, modules up to the root's, and the two scripts below

# PID 1 until the root is there. Mounts are made here, by the static busybox: a dynamic program
# takes a tenth of a second to start in the guest.
guest_init() {
	cat <<-'INIT'
	#!/bin/busybox sh
	export PATH=/bin
	busybox mount -t proc proc /proc
	busybox --install -s /bin
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev
	give_up() { echo "vm: $*"; poweroff -f; }
	for module in /modules/*; do insmod "$module" || give_up "cannot load $module"; done
	mount -t virtiofs -o ro host /host || give_up "cannot mount the host's files"
	mount -t tmpfs -o mode=755 written /written
	mkdir /written/upper /written/work
	mount -t overlay -o lowerdir=/host,upperdir=/written/upper,workdir=/written/work root /root ||
		give_up "cannot mount the root"
	mount --move /proc /root/proc
	mount --move /sys /root/sys
	mount --move /dev /root/dev
	cd /root
	mkdir -p dev/pts dev/shm dev/mqueue
	mount -t devpts -o ptmxmode=666,mode=620 devpts dev/pts
	mount -t tmpfs -o nosuid,nodev,mode=1777 shm dev/shm
	mount -t mqueue mqueue dev/mqueue
	ln -s /proc/self/fd dev/fd
	ln -s fd/0 dev/stdin
	ln -s fd/1 dev/stdout
	ln -s fd/2 dev/stderr
	mount -t tmpfs -o mode=755 run run
	mkdir -m 1777 run/tmp run/lock
	mkdir -m 700 run/vm
	cp /bin/busybox /session /command run/vm/
	mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 sys/fs/cgroup
	for name in $(cat sys/fs/cgroup/cgroup.controllers); do
		echo "+$name" >sys/fs/cgroup/cgroup.subtree_control
	done
	mkdir sys/fs/cgroup/session
	ip link set lo up
	hostname vm
	exec switch_root /root /run/vm/busybox sh /run/vm/session
	INIT
}

# PID 1 afterwards. The command gets a pipe: a port cannot be opened twice, and programs open
# /dev/stdout again.
guest_session() {
	cat <<-'SESSION'
	PATH=/run/vm
	for name in sh cat sleep kill poweroff; do /run/vm/busybox ln -s busybox /run/vm/$name; done
	/run/vm/busybox mkfifo -m 666 /run/vm/output
	cat /run/vm/output >/dev/vport0p1 &
	copier=$!
	(
		echo 0 >/sys/fs/cgroup/session/cgroup.procs
		exec /run/vm/busybox setsid /bin/bash /run/vm/command
	) </dev/null >/run/vm/output 2>&1 &
	wait $!
	status=$?
	# Whoever was left behind may hold the pipe open.
	(sleep 5; kill $copier) &
	wait $copier
	echo "$status" >/dev/vport0p2
	poweroff -f
	SESSION
}

guest_command() {
	printf 'cd %q || exit 126\nexec /usr/bin/env -i' "$here"
	printf ' %q' PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		LANG=C.UTF-8 TMPDIR=/run/tmp MOULETTE_TIME_FACTOR="${MOULETTE_TIME_FACTOR:-30}"
	local name
	for name in ${!MOULETTE*}; do
		[ "$name" = MOULETTE_TIME_FACTOR ] || printf ' %q' "$name=${!name}"
	done
	printf ' %q' "$@"
	echo
}

# Modules in the order in which they must be loaded, unpacked: the loader of busybox reads no xz.
guest_modules() {
	local module kind path number=100
	for module in virtio_pci virtio_console virtiofs overlay; do
		modprobe --set-version "$kernel" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $1, $2 }' |
		while read -r kind path; do
			number=$((number + 1))
			case $path in
			*.xz) xz -dc "$path" ;;
			*.zst) zstd -dcq "$path" ;;
			*.gz) gzip -dc "$path" ;;
			*) cat "$path" ;;
			esac >"$1/$number-$(basename "${path%%.ko*}").ko" || fail "cannot unpack $kind $path"
		done
}

tree=$job/first
mkdir -p "$tree"/{bin,modules,proc,sys,dev,host,written,root}
cp "$(command -v busybox)" "$tree/bin/"
guest_init >"$tree/init"
chmod +x "$tree/init"
guest_session >"$tree/session"
guest_command "$@" >"$tree/command"
guest_modules "$tree/modules"
(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null) >"$job/initrd"

# --- the host's files, made read-only on this side: root of the guest could undo it on the other

serve_files() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec setpriv --pdeathsig KILL unshare --mount --propagation private bash -euc '
		job=$1 here=$2 file_server=$3 view=$1/view
		add() {
			mount --bind "$1" "$view$1"
			mount -o remount,bind,ro "$view$1"
		}
		mkdir "$view"
		mount --bind / "$view"
		mount -o remount,bind,ro "$view"
		# Mounts below / do not come along by themselves; these are what programs need.
		for folder in /usr /etc /var /opt /lib /home; do
			! mountpoint -q "$folder" || add "$folder"
		done
		mount_of_here=$(findmnt -n -o TARGET -T "$here")
		case $mount_of_here in
		/ | /usr | /etc | /var | /opt | /home) ;;
		*) add "$mount_of_here" ;;
		esac
		mkdir -p /run/virtiofsd
		mount -t tmpfs tmpfs /run/virtiofsd # its lock file
		if "$file_server" --help 2>&1 | grep -q -e --shared-dir; then
			exec "$file_server" --socket-path "$job/files" --shared-dir "$view" --sandbox chroot --cache auto
		fi
		exec "$file_server" --socket-path="$job/files" -o source="$view" -o sandbox=chroot -o cache=auto
	' serve "$job" "$here" "$file_server"
}
serve_files </dev/null >"$job/files.log" 2>&1 &
children+=($!)
for _ in $(seq 200); do
	[ ! -S "$job/files" ] || break
	sleep 0.05
done
[ -S "$job/files" ] || { cat "$job/files.log" >&2; fail "the file server did not start"; }

# --- the machine

# With several host threads some boots of an emulated processor hang; one thread is what works.
processor=(-accel "tcg,thread=single" -cpu Nehalem)
[ -z "$kvm" ] || processor=(-accel kvm -cpu host)
: >"$job/status"
# At the end of its stdin qemu takes the port for closed and swallows what the guest prints.
mkfifo "$job/silence"
exec 8<>"$job/silence"
timeout --kill-after=5 "$limit" setpriv --pdeathsig KILL qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot -machine q35,memory-backend=memory "${processor[@]}" \
	-smp "$(nproc)" -m "$memory" -object "memory-backend-memfd,id=memory,size=${memory}M,share=on" \
	-kernel "/boot/vmlinuz-$kernel" -initrd "$job/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off" \
	-serial "file:$job/console" -device virtio-serial-pci \
	-chardev stdio,id=output,signal=off -device virtserialport,nr=1,chardev=output,name=output \
	-chardev "file,id=status,path=$job/status" -device virtserialport,nr=2,chardev=status,name=status \
	-chardev "socket,id=files,path=$job/files" \
	-device vhost-user-fs-pci,chardev=files,tag=host,queue-size=1024 <&8 2>"$job/qemu.log" &
machine=$!
children+=("$machine")
ended=0
wait "$machine" || ended=$?
[ "$ended" != 124 ] || { echo "vm: time limit of $limit s" >&2; exit 124; }
if read -r status <"$job/status"; then
	exit "$status"
fi
cat "$job/qemu.log" >&2
tail -n 20 "$job/console" >&2
fail "the machine ended without an exit status"
