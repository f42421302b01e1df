#!/bin/bash
# docker.sh - `docker image save` and `docker export` of a real daemon that is never installed.
#
# usage: docker.sh CACHE FOLDER
#   makes FOLDER/*.tar: saved.tar (base:1 and school/two:1 share layers), tags.tar (two tags of one
#   image), loaded.tar (that of buildah, loaded and saved), exported.tar
#   CACHE keeps the packages of Debian, unpacked
#
# No container is started, so no cgroup is made: with the vfs driver a created container is a plain
# folder, which is changed as a program in it would; `docker commit` finds the difference. The
# daemon sees a /run and an /etc of its own. Exit status 77: it cannot be done here, stdout says why.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

cannot() {
	echo "$*"
	exit 77
}

unpack_packages() { # CACHE
	[ ! -e "$1/complete" ] || return 0
	command -v apt-get >/dev/null || cannot "there is no apt-get to get docker.io with"
	rm -rf "$1"
	mkdir -p "$1/tree"
	(cd "$1" && timeout 120 apt-get -qq download docker.io containerd >log 2>&1) ||
		cannot "apt-get download docker.io containerd: $(tail -n 1 "$1/log")"
	local package
	for package in "$1"/*.deb; do dpkg -x "$package" "$1/tree"; done
	rm "$1"/*.deb
	touch "$1/complete"
}

# Changes a container as step STEP of rootfs.py does.
change() { # CONTAINER STEP
	local id
	id=$(docker inspect -f '{{.Id}}' "$1")
	python3 "$here/rootfs.py" "$2" "$data/vfs/dir/$(cat "$data/image/vfs/layerdb/mounts/$id/mount-id")"
}

make_archives() { # FOLDER
	mkdir "$1/tree"
	python3 "$here/rootfs.py" 1 "$1/tree"
	tar -C "$1/tree" --numeric-owner --xattrs '--xattrs-include=security.capability' -cf - . |
		docker import -c 'ENV PATH=/bin' -c 'ENV A="one two"' -c 'WORKDIR /srv' -c 'USER 1234:4321' - base:1
	docker create --name second --network none base:1 sh
	change second 2
	docker commit second school/two:1
	docker image save -o "$1/saved.tar" base:1 school/two:1
	docker tag school/two:1 school/two:latest
	docker image save -o "$1/tags.tar" school/two:1 school/two:latest
	docker export -o "$1/exported.tar" second
	# Not that of umoci: the daemon cannot take its whiteouts below what has become a file.
	docker load -i "$1/../buildah/docker.tar"
	docker image save -o "$1/loaded.tar" school/three:1
	rm -rf "$1/tree"
}

# Inside the private mount namespace.
with_daemon() { # CACHE FOLDER SCRATCH
	mount -t tmpfs tmpfs /run
	mkdir "$3/upper" "$3/work"
	mount -t overlay -o "lowerdir=/etc,upperdir=$3/upper,workdir=$3/work" overlay /etc
	export PATH=$1/tree/usr/sbin:$1/tree/usr/bin:$PATH HOME=$3 DOCKER_HOST=unix:///run/docker.sock TMPDIR=$3
	data=$3/data
	dockerd --data-root "$data" --exec-root /run/docker --pidfile /run/docker.pid --host "$DOCKER_HOST" \
		--storage-driver vfs --iptables=false --ip6tables=false --bridge=none --ip-masq=false >"$3/log" 2>&1 &
	local daemon=$! i
	# shellcheck disable=SC2064 # this very number
	trap "kill $daemon; wait $daemon || true; mv '$3/log' '$2/log'" EXIT
	for i in $(seq 200); do
		! docker version >/dev/null 2>&1 || break
		if ! kill -0 "$daemon" 2>/dev/null || [ "$i" = 200 ]; then
			cannot "dockerd does not start: $(tail -n 1 "$3/log")"
		fi
		sleep 0.1
	done
	make_archives "$2" >&2
}

main() {
	[ "$(id -u)" = 0 ] || cannot "dockerd needs root"
	unpack_packages "$1"
	ldd "$1/tree/usr/sbin/dockerd" | grep -q 'not found' &&
		cannot "dockerd lacks $(ldd "$1/tree/usr/sbin/dockerd" | awk '/not found/ { print $1 }' | xargs)"
	mkdir -p "$2"
	local scratch status=0
	scratch=$(mktemp -d "$2/scratch.XXXXXX")
	unshare --mount --propagation private "$here/docker.sh" --inside "$1" "$2" "$scratch" || status=$?
	rm -rf --one-file-system "$scratch"
	return $status
}

if [ "${1:-}" = --inside ]; then
	with_daemon "$2" "$3" "$4"
else
	[ $# = 2 ] || { sed -n '4,9s/^# //p' "$0" >&2; exit 2; }
	main "$@"
fi
