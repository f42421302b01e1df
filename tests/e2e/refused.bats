#!/usr/bin/env bats
# bats file_tags=host
# Hosts and containers in which no box can run: doctor says so, with what would mend it and status 3;
# run ends with status 3 and a sentence, and nobody gets a mark.
load helpers
load containers

setup() {
	need_engine
	need_containers runc
}

# What both say and end with, run's lines after doctor's.
both_script() {
	script both.sh <<-'END'
		moulette doctor
		echo "doctor: status $?"
		moulette run -i busybox "$REPO/tests/data/demo/correct" -- true 2>&1
		echo "run: status $?"
	END
}

# refused ABOUT TEXT RUN-TEXT OPTION... - in a container with these options.
refused() {
	local about=$1 text=$2 run_text=$3
	shift 3
	run -0 in_container "$@" -- sh "$(both_script)"
	echo "$output"
	grep -E "^problem +$about: " <<<"$output" | grep -qF -- "$text" || fail "doctor: no '$text'"
	grep -qFx "doctor: status 3" <<<"$output" || fail "doctor's status"
	sed '1,/^doctor: status/d' <<<"$output" | grep -qF -- "$run_text" || fail "run: no '$run_text'"
	grep -qFx "run: status 3" <<<"$output" || fail "run's status"
}

unconfined=(--security-opt seccomp=unconfined --security-opt systempaths=unconfined)
both_caps=(--cap-add SYS_ADMIN --cap-add NET_ADMIN)
writable=(--security-opt writable-cgroups=true)

@test "a container without options: the capabilities, and docker's options" {
	refused capabilities "--cap-add SYS_ADMIN --cap-add NET_ADMIN, or --privileged" \
		"needs CAP_SYS_ADMIN and CAP_NET_ADMIN"
}

@test "no CAP_SYS_ADMIN" {
	refused capabilities "add --cap-add SYS_ADMIN," "needs CAP_SYS_ADMIN, which root lacks here" \
		--privileged --cap-drop SYS_ADMIN
}

@test "no CAP_NET_ADMIN: lo of a box takes it, card or not" {
	refused capabilities "add --cap-add NET_ADMIN," "needs CAP_NET_ADMIN, which root lacks here" \
		--privileged --cap-drop NET_ADMIN
}

@test "no CAP_SYS_PTRACE: runc takes it, crun does not" {
	MOULETTE_ENGINE=runc refused capabilities "add --cap-add SYS_PTRACE," \
		"engine 'runc': needs CAP_SYS_PTRACE, which root lacks here" --privileged --cap-drop SYS_PTRACE
	command -v crun >/dev/null || skip "crun is not installed"
	MOULETTE_ENGINE=crun run -0 in_container --privileged --cap-drop SYS_PTRACE -- sh "$(both_script)"
	echo "$output"
	[[ $output = *"doctor: status 0"*"run: status 0" ]]
}

@test "docker's list of system calls" {
	refused "system calls" "pivot_root; in docker add --security-opt seccomp=unconfined" "pivot_root" \
		"${both_caps[@]}" "${writable[@]}" --security-opt systempaths=unconfined
}

@test "a list of system calls of one's own" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["fsopen", "openat2", "setns"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}' >"$BATS_TEST_TMPDIR/calls.json"
	refused "system calls" "setns, fsopen, openat2; in docker" "Operation not permitted" \
		--privileged --security-opt "seccomp=$BATS_TEST_TMPDIR/calls.json"
}

@test "masked /proc" {
	refused proc "systempaths=unconfined" "Operation not permitted" \
		"${both_caps[@]}" "${writable[@]}" --security-opt seccomp=unconfined
}

@test "read-only control groups" {
	refused cgroups "writable-cgroups=true" "Read-only file system" "${both_caps[@]}" "${unconfined[@]}"
}

@test "read-only /run" {
	refused folders "'/run/moulette' cannot be made: Read-only file system" \
		"cannot make the folder '/run/moulette'" --privileged --tmpfs /run:ro
}

@test "keyctl refused: boxes run all the same" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["keyctl", "add_key", "request_key"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}' >"$BATS_TEST_TMPDIR/calls.json"
	run -0 in_container --privileged --security-opt "seccomp=$BATS_TEST_TMPDIR/calls.json" -- sh "$(both_script)"
	echo "$output"
	[[ $output = *"doctor: status 0"*"run: status 0" ]]
}
