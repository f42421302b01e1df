#!/bin/bash
# service.sh - moulette as a service of systemd: its limits hold for boxes, it can be stopped, killed, started again.
#
# Called by scripts/systemd-vm.sh, as root, in a machine where nothing else happens. TAP on stdout.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

# This machine is emulated: programs start about 100 times slower, students' and moulette's.
factor=${MOULETTE_TIME_FACTOR:-30}
patience=$((factor * 6))
number=0
work=$(mktemp -d)
chmod 711 "$work"

# test_is NAME FUNCTION: what it prints is shown when it fails.
test_is() {
	number=$((number + 1))
	if (set -e; "$2") >"$work/log" 2>&1; then
		echo "ok $number systemd: $1"
		return
	fi
	echo "not ok $number systemd: $1"
	sed 's/^/# /' "$work/log"
	# What it began is not the next one's.
	systemctl stop "${of_tests[@]}" 2>/dev/null
	moulette gc
}
of_tests=('moulette-batch@*.service' {boxes,memory,hog,tasks,bomb,spin,plain,card}.service 'all-*.service')

fail() {
	echo "$*"
	exit 1
}

same() { # WHAT EXPECTED GOT
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

property() { # UNIT NAME
	systemctl show --property "$2" --value "$1"
}

until_true() { # COMMAND...
	local end=$((SECONDS + patience))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "waited $patience s for: $*"
		sleep 0.2
	done
}

# The first value of KEY in a result: of the whole where it has it, else of the first step.
value() { # KEY FILE
	grep -o "\"$1\": *[^,}]*" "$2" | head -n 1 | sed 's/^[^:]*: *//; s/"//g'
}

# What the last run is to have left nothing of, wherever it ran: groups, mounts, processes, marks.
traces() {
	find /sys/fs/cgroup -mindepth 1 -type d -path '*moulette*' ! -path '*/moulette-vm.service*' \
		! -path '/sys/fs/cgroup/system.slice/system-moulette*'
	sed -n 's/^\([^ ]* [^ ]*moulette[^ ]*\) .*/mount \1/p' /proc/self/mounts
	pgrep -ax 'moulette.*|crun|runc' | grep -v moulette-vm
	find /run/moulette/slots /var/lib/moulette/live -type f -size +0 -printf 'mark %p\n' 2>/dev/null
	find /run/crun /run/runc -mindepth 1 2>/dev/null
	true
}

nothing_left() {
	local left
	for _ in $(seq 50); do
		left=$(traces)
		[ -n "$left" ] || return 0
		sleep 0.2
	done
	fail "left behind: $left"
}

# A service for one test: its name and settings are those of systemd-run.
service() { # UNIT OPTION... -- COMMAND...
	local unit=$1
	shift
	systemd-run --quiet --unit "$unit" --property KillMode=mixed --property "SuccessExitStatus=143 SIGTERM" \
		--setenv PATH="$PATH" --working-directory "$work" "$@"
}

submission() { # NAME LINE...: a folder with a run.sh
	local name=$1
	shift
	mkdir -p "$work/$name"
	printf '%s\n' '#!/bin/sh' "$@" >"$work/$name/run.sh"
}

# One run in a service, to its end; the result is in $work/UNIT.json.
run_in() { # UNIT OPTION... -- ARG...
	local unit=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	status=0
	service "$unit" --wait --pipe --collect "${options[@]}" -- moulette run --time-factor "$factor" -i busybox \
		-f json -o "$work/$unit.json" "$@" || status=$?
}

expect() { # UNIT VERDICT FAULT STATUS
	[ -s "$work/$1.json" ] || fail "there is no result (status $status)"
	same "verdict and fault" "$2 $3" "$(value verdict "$work/$1.json") $(value fault "$work/$1.json")" ||
		{ cat "$work/$1.json"; exit 1; }
	same "exit status" "$4" "$status"
}

# --- the unit

unit_is_valid() {
	local said
	said=$(systemd-analyze verify --man=no /usr/local/lib/systemd/system/moulette-batch@.service 2>&1) || fail "$said"
	[ -z "$said" ] || fail "$said"
}

demo_verdicts="correct passed,crash runtime_error,forkbomb process_limit,loop time_limit,memory memory_limit,wrong wrong_answer,"

verdicts() { # JSONL
	local line
	while read -r line; do
		printf '%s\n' "$line" >"$work/line.json"
		echo "$(value name "$work/line.json") $(value verdict "$work/line.json")"
	done <"$1" | sort | tr '\n' ','
}

hand_in_demo() { # FOLDER
	mkdir -p "$1/handins"
	cp -r tests/data/demo/assignment "$1/"
	cp -r tests/data/demo/{correct,crash,forkbomb,loop,memory,wrong} "$1/handins/"
}

the_demo() {
	hand_in_demo /srv/moulette/demo-1
	mkdir -p /etc/moulette
	echo "MOULETTE_ARGS=-a assignment -t 10 -f json -o marks.jsonl handins" >/etc/moulette/demo-1.env
	systemctl start moulette-batch@demo-1 || fail "$(journalctl -u moulette-batch@demo-1 --no-pager)"
	same result success "$(property moulette-batch@demo-1 Result)"
	same verdicts "$demo_verdicts" "$(verdicts /srv/moulette/demo-1/marks.jsonl)"
	same "mode of /run/moulette" 711 "$(stat -c %a /run/moulette)"
	same "mode of /var/lib/moulette" 711 "$(stat -c %a /var/lib/moulette)"
	journalctl -u moulette-batch@demo-1 --no-pager | grep -q '6 of 6 submissions' ||
		fail "the journal lacks the sum: $(journalctl -u moulette-batch@demo-1 --no-pager)"
	nothing_left
}

a_missing_folder() {
	! systemctl start moulette-batch@nothing || fail "the start succeeded"
	journalctl -u moulette-batch@nothing --no-pager | grep -q "moulette: .*'/srv/moulette/nothing/assignment" ||
		fail "the journal does not name the folder: $(journalctl -u moulette-batch@nothing --no-pager)"
}

# --- limits of the service

in_its_group() {
	submission sleeper 'echo begun' 'sleep 600'
	service boxes.service --property Delegate=yes --property CPUQuota=150% -- \
		moulette run --time-factor "$factor" -i busybox sleeper -- sh run.sh
	until_true begun
	local pid group
	pid=$(moulette state "$(moulette list -q)" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	group=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	case $group in
	"$(property boxes.service ControlGroup)"/*) ;;
	*) fail "PID 1 of the box is in '$group', not below '$(property boxes.service ControlGroup)'" ;;
	esac
	systemctl stop boxes.service
	nothing_left
}
begun() {
	local id
	id=$(moulette list -q) && [ -n "$id" ] && moulette logs "$id" 2>/dev/null | grep -q begun
}

memory_of_the_service() {
	submission big 'dd if=/dev/zero of=/dev/null bs=400M count=1'
	run_in memory.service --property Delegate=yes --property MemoryMax=256M --property MemorySwapMax=0 -- \
		-l memory=1G big -- sh run.sh
	expect memory.service internal_error infrastructure 3
	same "code" host.memory "$(value code "$work/memory.service.json")"
	nothing_left
}

memory_of_the_box() {
	submission hog 'dd if=/dev/zero of=/dev/null bs=100M count=1'
	run_in hog.service --property Delegate=yes --property MemoryMax=512M -- -l memory=32M hog -- sh run.sh
	expect hog.service memory_limit student 1
	nothing_left
}

tasks_of_the_service() {
	# shellcheck disable=SC2016 # expanded in the box
	submission many 'i=0; while [ $i -lt 60 ]; do sleep 600 & i=$((i + 1)); done; wait'
	run_in tasks.service --property Delegate=yes --property TasksMax=50 -- -l processes=100 -l wall=20s many -- sh run.sh
	expect tasks.service internal_error infrastructure 3
	same "code" host.processes "$(value code "$work/tasks.service.json")"
	nothing_left
}

tasks_of_the_box() {
	run_in bomb.service --property Delegate=yes --property TasksMax=500 -- -l processes=20 many -- sh run.sh
	expect bomb.service process_limit student 1
	nothing_left
}

processors_of_the_service() {
	# shellcheck disable=SC2016 # expanded in the box
	submission spin 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	service spin.service --wait --pipe --property Delegate=yes --property CPUQuota=50% --property RemainAfterExit=yes -- \
		moulette run --time-factor "$factor" -i busybox -f json -o "$work/spin.json" spin -- sh run.sh &
	until_true [ -s "$work/spin.json" ]
	local step whole
	step=$(value cpu_ns "$work/spin.json")
	whole=$(property spin.service CPUUsageNSec)
	[ "$whole" -ge "$step" ] || fail "the service used $whole ns, the box $step ns"
	systemctl stop spin.service
	wait
	nothing_left
}

# --- without Delegate=

not_delegated() {
	submission right 'echo right'
	run_in plain.service --property MemoryMax=512M -- right -- sh run.sh
	expect plain.service passed none 0
	nothing_left
}

a_scope() {
	hand_in_demo "$work/scope"
	systemd-run --quiet --scope --property Delegate=yes moulette batch -t 10 -a "$work/scope/assignment" -f json \
		-o "$work/scope/marks.jsonl" "$work/scope/handins"
	same verdicts "$demo_verdicts" "$(verdicts "$work/scope/marks.jsonl")"
	nothing_left
}

a_card() {
	submission right 'echo right'
	run_in card.service --property Delegate=yes -- -p network right -- sh run.sh
	expect card.service passed none 0
	nothing_left
}

# --- ends

# A class of four whose programs sleep, in a folder as the unit wants it.
class() { # FOLDER
	local i
	rm -rf "$1"
	mkdir -p "$1/assignment" "$1/handins"
	echo '{"name": "sleep", "image": "busybox", "tests": [{"name": "one", "run": ["sh", "run.sh"]}]}' \
		>"$1/assignment/assignment.json"
	for i in 1 2 3 4; do
		submission "$i" 'echo begun' 'sleep 600'
		mv "$work/$i" "$1/handins/"
	done
}

wake() { # FOLDER
	local file
	for file in "$1"/handins/*/run.sh; do echo 'echo done' >"$file"; done
}

two_begun() {
	local id n=0
	for id in $(moulette list -q); do
		! moulette logs "$id" 2>/dev/null | grep -q begun || n=$((n + 1))
	done
	[ "$n" -ge 2 ]
}

graded_now() { # UNIT FOLDER
	wake "$2"
	systemctl start "$1"
	same result success "$(property "$1" Result)"
	same verdicts "1 passed,2 passed,3 passed,4 passed," "$(verdicts "$2/marks.jsonl")"
	nothing_left
}

a_stop() {
	class /srv/moulette/stopped
	systemctl start --no-block moulette-batch@stopped
	until_true two_begun
	systemctl stop moulette-batch@stopped
	same result success "$(property moulette-batch@stopped Result)"
	same state inactive "$(property moulette-batch@stopped ActiveState)"
	same marks "" "$(cat /srv/moulette/stopped/marks.jsonl)"
	[ -d /run/moulette ] || fail "/run/moulette went with the service"
	nothing_left
	graded_now moulette-batch@stopped /srv/moulette/stopped
}

a_kill() {
	class /srv/moulette/killed
	systemctl start --no-block moulette-batch@killed
	until_true two_begun
	systemctl kill --signal KILL moulette-batch@killed
	until_true has_failed moulette-batch@killed
	same marks "" "$(cat /srv/moulette/killed/marks.jsonl)"
	graded_now moulette-batch@killed /srv/moulette/killed
}

has_failed() {
	systemctl is-failed --quiet "$1"
}

# A unit without KillMode=mixed: programs of students get the signal, too.
a_stop_of_all() {
	local i before
	class "$work/all"
	before=$(results)
	for i in 1 2 3; do
		systemd-run --quiet --unit "all-$i" --property Delegate=yes --setenv PATH="$PATH" -- \
			moulette batch --time-factor "$factor" -a "$work/all/assignment" -f json -o "$work/all.jsonl" "$work/all/handins"
		until_true two_begun
		systemctl stop "all-$i"
		same marks "" "$(cat "$work/all.jsonl")"
	done
	same results "$before" "$(results)"
	nothing_left
}

results() {
	moulette list --all --json | grep -c '"status"' || true
}

tests=(unit_is_valid "the unit has no mistake that systemd knows"
	the_demo "the unit grades the demo as its environment file says"
	a_missing_folder "the journal names the folder of a class that is not there"
	in_its_group "boxes lie below the group of a service that is delegated"
	memory_of_the_service "memory that the service may not have is not the student's fault"
	memory_of_the_box "memory that the box may not have is the student's"
	tasks_of_the_service "processes that the service may not have are not the student's fault"
	tasks_of_the_box "processes that the box may not have are the student's"
	processors_of_the_service "CPU time of a box counts as the service's"
	not_delegated "without Delegate= a box runs as well"
	a_scope "a scope grades the demo"
	a_card "a box of a service has a network card"
	a_stop "a stop in the middle of a batch is a success and leaves nothing; a start grades them all"
	a_kill "a start after SIGKILL removes what was left and grades them all"
	a_stop_of_all "a stop that signals every process gives no mark")

# Named functions alone, when there are any.
echo "1..$(($# > 0 ? $# : ${#tests[@]} / 2))"
for ((i = 0; i < ${#tests[@]}; i += 2)); do
	if [ $# -eq 0 ] || [[ " $* " == *" ${tests[i]} "* ]]; then
		test_is "${tests[i + 1]}" "${tests[i]}"
	fi
done
rm -rf --one-file-system "$work"
