# containers.bash - containers as docker makes them; `load containers` after `load helpers`.

# The forms that README names. An array is a list of docker's options.
privileged=(--privileged)
few_rights=(--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined
	--security-opt systempaths=unconfined --security-opt apparmor=unconfined
	--security-opt writable-cgroups=true)
# runc, since 1.1, looks into a process that must not be traced.
[ "${MOULETTE_ENGINE##*/}" != runc ] || few_rights+=(--cap-add SYS_PTRACE)

# need_containers RUNTIME - skip where there is none, and say why.
need_containers() {
	[ "$(id -u)" = 0 ] || skip "containers are started by root"
	command -v "$1" >/dev/null || skip "$1 is not installed"
	container_runtime=$1
}

# in_container OPTION... -- COMMAND [ARG]... - with this suite's program, engine and folder of the test
# in it: what is written to $BATS_TEST_TMPDIR stays. Its home is one of its own, thrown away.
in_container() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	# Its own mounts are not to be bound into it with the folder of the test.
	TMPDIR=$BATS_SUITE_TMPDIR python3 "$REPO/tests/e2e/docker.py" run --runtime "$container_runtime" \
		-v "$REPO:$REPO:ro" -v "$BATS_TEST_TMPDIR:$BATS_TEST_TMPDIR" -w "$BATS_TEST_TMPDIR" \
		-e "MOULETTE=$MOULETTE" -e "MOULETTE_ENGINE=$MOULETTE_ENGINE" -e "REPO=$REPO" \
		-e "MOULETTE_TIME_FACTOR=$MOULETTE_TIME_FACTOR" "${options[@]}" "$@" </dev/null
}

# into_container NAME COMMAND [ARG]... - as `docker exec`, into one that in_container --name NAME made.
into_container() {
	TMPDIR=$BATS_SUITE_TMPDIR python3 "$REPO/tests/e2e/docker.py" exec "$@" </dev/null
}

# script NAME - a shell script from stdin that a container runs; prints its path. In it, moulette is
# the program.
script() {
	local path=$BATS_TEST_TMPDIR/$1
	{
		echo 'PATH=${MOULETTE%/*}:$PATH'
		cat
	} >"$path"
	echo "$path"
}
