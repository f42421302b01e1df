#!/bin/bash
# systemd-vm.sh - run a command as root in a virtual machine where systemd is PID 1 and moulette is installed.
#
# usage: systemd-vm.sh [-k] [-s SUITE] [-t SECONDS] [-m MIB] COMMAND [ARG...]      or: systemd-vm.sh -n
#   -s  release of Debian (default trixie)      -t  time limit of the machine, boot included (default 3000)
#   -m  memory (default 2048)                   -k  use KVM (not tried by itself: see vm.sh)
#   -n  only say whether this host has what it takes: exit status 0, or 125 and what is missing
#
# The machine boots from a disk of its own, which is kept in build/systemd/SUITE: a Debian by mmdebstrap,
# from the mirror of this host, with the compilers and libraries that moulette is built with. `make
# install` runs in that Debian's root folder before the boot, and what it installed is handed to the machine
# with a copy of tests/. The first call takes about four minutes before the boot, later ones seconds.
# What the machine writes to its disk is dropped: each call begins from the same state.
#
# The command runs as the service moulette-vm.service, in the folder /root/moulette, which holds tests/.
# Output of the command, both streams, goes to stdout. Exit status: the command's; 124 time limit;
# 125 the machine failed (its console follows on stderr). MOULETTE_* variables are handed on. The machine
# has no network but lo.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=scripts/machine.bash
. "$(dirname "$0")/machine.bash"

limit=3000 memory=2048 suite=trixie kvm='' ask=''
while getopts kns:t:m: letter; do
	case $letter in
	k) kvm=1 ;;
	n) ask=1 ;;
	s) suite=$OPTARG ;;
	t) limit=$OPTARG ;;
	m) memory=$OPTARG ;;
	*) sed -n '4,7s/^# *//p' "$0" >&2; exit 125 ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$ask" ] || [ $# -gt 0 ] || fail "no command given"
[ "$(id -u)" = 0 ] || fail "must be root"
for program in qemu-system-x86_64 mmdebstrap mke2fs; do
	command -v "$program" >/dev/null || fail "$program not found; try scripts/install-deps.sh test vm"
done
[ -z "$ask" ] || exit 0

command=("$@")
cd "$(dirname "$0")/.."
store=build/systemd/$suite
make_job

# --- the disk

# The engines, a systemd as a server has it, and what install-deps.sh knows for building.
packages=(systemd systemd-sysv dbus udev kmod linux-image-cloud-amd64 procps iproute2 nftables runc
	gcc make pkg-config libc6-dev libseccomp-dev libcap-dev libjson-c-dev libarchive-dev libsqlite3-dev
	libsmartcols-dev nettle-dev libnl-route-3-dev libnftables-dev zlib1g-dev crun busybox-static)

# The mirror of this host's own release has the others, too.
find_mirror() {
	# shellcheck disable=SC2016 # expanded by apt
	apt-get indextargets --no-release-info --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk '$3 == "main" && $2 !~ /-/ { print $1; exit }'
}

# What no test needs would take minutes of an emulated boot. udev is there for what is made later.
masked_units=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
	fstrim.timer man-db.timer systemd-timesyncd.service getty@tty1.service serial-getty@ttyS0.service getty.target
	systemd-tmpfiles-clean.timer systemd-hwdb-update.service systemd-journal-flush.service
	systemd-udev-trigger.service systemd-udev-load-credentials.service systemd-logind.service
	systemd-remount-fs.service systemd-random-seed.service systemd-modules-load.service systemd-sysctl.service
	systemd-user-sessions.service kmod-static-nodes.service modprobe@.service ldconfig.service run-lock.mount
	dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
	sys-fs-fuse-connections.mount systemd-ask-password-console.path systemd-ask-password-wall.path
	systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service systemd-sysusers.service)

# The command gets a pipe: a program on a terminal may behave otherwise. The end of its service is the
# end of the machine.
write_guest_files() { # ROOT
	local unit
	cat >"$1/etc/systemd/system/moulette-vm.service" <<-'UNIT'
	[Unit]
	Description=the command of systemd-vm.sh
	After=multi-user.target dbus.socket
	[Service]
	Type=oneshot
	ExecStart=/bin/bash /usr/local/sbin/moulette-vm
	ExecStopPost=/usr/bin/systemctl --no-block poweroff
	TimeoutStartSec=infinity
	UNIT
	cat >"$1/usr/local/sbin/moulette-vm" <<-'JOB'
	stty -F /dev/ttyS1 raw -echo
	stty -F /dev/ttyS2 raw -echo
	modprobe -a virtio_pci virtio_blk
	udevadm settle
	tar -C / -xf /dev/vda
	cd /root/moulette
	status=0
	bash /root/command 2>&1 </dev/null | cat >/dev/ttyS1
	echo "${PIPESTATUS[0]}" >/dev/ttyS2
	JOB
	mkdir -p "$1/etc/systemd/system/default.target.wants"
	ln -sf /lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
	ln -sf ../moulette-vm.service "$1/etc/systemd/system/default.target.wants/"
	for unit in "${masked_units[@]}"; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
	echo vm >"$1/etc/hostname"
	rm -f "$1/etc/fstab" # the root that the kernel mounted is all
	: >"$1/etc/machine-id"
	# Nothing is to be brought up to date at the first boot, as systemd-update-done.service(8) has it.
	touch "$1/etc/.updated" "$1/var/.updated"
}

make_root() {
	local mirror
	mirror=$(find_mirror)
	[ -n "$mirror" ] || fail "apt of this host names no mirror with the component main"
	echo "systemd-vm: making a root folder of Debian $suite" >&2
	rm -rf --one-file-system "$1"
	# The kernel mounts a disk of NVMe by itself: no first file system is to be made. It is the only one, as
	# their numbers are not always the same.
	INITRD=No mmdebstrap --quiet --mode=root --format=directory --variant=minbase --skip=check/signed-by \
		--aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(IFS=,; echo "${packages[*]}")" "$suite" "$1" "deb $mirror $suite main" >&2 ||
		fail "mmdebstrap could not make a root folder"
}

make_disk() {
	local kib version
	version=$(find "$1/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
	[ -n "$version" ] || fail "there is no kernel in $1"
	write_guest_files "$1"
	cp "$1/boot/vmlinuz-$version" "$store/kernel"
	kib=$(du -sxk "$1" | cut -f 1)
	rm -f "$store/disk.new"
	mke2fs -q -t ext4 -O '^has_journal' -E lazy_itable_init=1 -d "$1" "$store/disk.new" \
		"$((kib + kib / 4 + 1000000))k" >/dev/null
	mv "$store/disk.new" "$store/disk"
}

# made FILE WHAT... - was it made of this before? Else the note of it goes.
made() {
	local note=$store/$1.of
	shift
	[ ! -e "$note" ] || [ "$(cat "$note")" != "$*" ] || return 0
	rm -f "$note"
	return 1
}

mkdir -p "$store"
exec 9>"$store/lock"
flock 9
of_root="$(declare -f make_root) ${packages[*]}"
of_disk="$of_root $(declare -f make_disk write_guest_files) ${masked_units[*]}"
if ! made root "$of_root"; then
	rm -f "$store/disk.of"
	make_root "$store/root"
	echo "$of_root" >"$store/root.of"
fi
if ! made disk "$of_disk"; then
	make_disk "$store/root"
	echo "$of_disk" >"$store/disk.of"
fi

# --- moulette, built by that Debian's compiler for that Debian's libraries

rm -rf --one-file-system "$store/stage"
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private setpriv --pdeathsig KILL bash -euc '
	root=$1/root
	mkdir -p "$root/mnt/moulette"
	mount --bind . "$root/mnt/moulette"
	mount -t proc proc "$root/proc"
	chroot "$root" env -i PATH="$PATH" LANG=C.UTF-8 make --no-print-directory -s -j "$(nproc)" -C /mnt/moulette \
		O="$1/release" DESTDIR="/mnt/moulette/$1/stage" install
' build "$store" >"$store/build.log" 2>&1 || { cat "$store/build.log" >&2; fail "cannot build in the root folder"; }

# --- the second drive: what is installed, the tests, the command

mkdir -p "$store/stage/root/moulette"
cp -a tests "$store/stage/root/moulette/"
{
	echo "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8"
	echo "export MOULETTE_TIME_FACTOR=30"
	for name in ${!MOULETTE*}; do printf 'export %q\n' "$name=${!name}"; done
	printf 'exec'
	printf ' %q' "${command[@]}"
	echo
} >"$store/stage/root/command"
tar -C "$store/stage" --owner=0 --group=0 -cf "$job/drive" .
truncate -s %512 "$job/drive"

# --- the machine

# One host thread for all processors, as in vm.sh: with several some boots of an emulated one hang.
processor=(-accel "tcg,thread=single" -cpu Nehalem)
[ -z "$kvm" ] || processor=(-accel kvm -cpu host)
: >"$job/output"
: >"$job/status"
timeout --kill-after=5 "$limit" setpriv --pdeathsig KILL qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot -machine q35 "${processor[@]}" \
	-smp "$(nproc)" -m "$memory" -kernel "$store/kernel" \
	-append "root=/dev/nvme0n1 rw console=ttyS0 quiet panic=-1 mitigations=off systemd.show_status=0" \
	-drive "file=$store/disk,format=raw,if=none,id=disk,snapshot=on" \
	-drive "file=$job/drive,format=raw,if=none,id=job,readonly=on" \
	-device nvme,drive=disk,serial=disk -device virtio-blk-pci,drive=job \
	-serial "file:$job/console" -serial "file:$job/output" -serial "file:$job/status" \
	</dev/null >"$job/qemu.log" 2>&1 9>&- &
machine=$!
children+=("$machine")
tail -c +1 --pid="$machine" -f "$job/output" 9>&- &
printer=$!
children+=("$printer")
flock -u 9
ended=0
wait "$machine" || ended=$?
wait "$printer"
[ "$ended" != 124 ] || { echo "systemd-vm: time limit of $limit s" >&2; exit 124; }
if read -r status <"$job/status"; then
	exit "$status"
fi
cat "$job/qemu.log" >&2
tail -n 20 "$job/console" >&2
fail "the machine ended without an exit status"
