# machine.bash - the folder and the processes of a virtual machine, which go with the script that sources this.
#
# $job is an empty folder; a script adds to `children` what it starts. fail TEXT: exit status 125.

fail() { echo "$(basename "$0" .sh): $*" >&2; exit 125; }

job='' children=()

# shellcheck disable=SC2317 # called by the traps
clean_up() {
	trap '' INT TERM HUP
	[ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
	wait
	[ -z "$job" ] || rm -rf --one-file-system "$job"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

make_job() { job=$(mktemp -d "${TMPDIR:-/tmp}/moulette-vm.XXXXXX"); }
