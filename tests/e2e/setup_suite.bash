# setup_suite.bash - one state folder for a whole run of bats, so that images are made once.

setup_suite() {
	local here=${BASH_SOURCE[0]%/*}
	REPO=$(cd "$here/../.." && pwd)
	export REPO
	export MOULETTE=${MOULETTE:-$REPO/build/release/moulette}
	export MOULETTE_ENGINE=${MOULETTE_ENGINE:-crun}
	export MOULETTE_TIME_FACTOR=${MOULETTE_TIME_FACTOR:-1}
	export MOULETTE_HOME=$BATS_SUITE_TMPDIR/home
	unset MOULETTE_PROFILES
	real_python
	# What lies in bats' folder must be reachable by the users of boxes.
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR"
	if [ ! -x "$MOULETTE" ]; then
		echo "'$MOULETTE' is not there: run make first" >&2
		return 1
	fi
}

# Where python3 is a script that looks for the interpreter, as pyenv's is, it takes a second to start; the
# tests call it thousands of times.
real_python() {
	mkdir "$BATS_SUITE_TMPDIR/bin"
	ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$BATS_SUITE_TMPDIR/bin/python3"
	export PATH=$BATS_SUITE_TMPDIR/bin:$PATH
}

# bats removes its folder recursively. A mount that a bug left there may be the host's own /usr.
teardown_suite() {
	local left
	left=$(awk -v below="$BATS_RUN_TMPDIR/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r)
	[ -n "$left" ] || return 0
	while read -r mount; do umount -l "$mount"; done <<<"$left"
	echo "mounts were left behind: $left" >&2
	return 1
}
