# suites.bash - suites that print one line each, and their sum; sourced by scripts that run tests.
#
# What a failed suite said follows its line. sum_up names all that failed once more, for a reader who
# has only the end of the output, and prints the last line of all, alone:
# "N passed, N failed, N skipped".

: "${work:?is set by the script that sources this: a folder of its own}"

passed=0 failed=0 skipped=0 names=()

# What of a failed suite is worth reading: the failed tests with their comments, else the end.
show_failures() {
	awk '
	/^not ok / { show = 1 }
	/^ok / { show = 0 }
	show { print "  | " $0 }
	' "$1"
	grep -q '^not ok ' "$1" || tail -n 30 "$2" | sed 's/^/  | /'
}

# sum_of FILE: PASSED FAILED SKIPPED of its last line, or nothing.
sum_of() {
	sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$1"
}

# keep_names SUITE FAILED FILE PATTERN: the lines of FILE that begin so name what failed; where none
# does, the suite as a whole did.
keep_names() {
	local line found=''
	[ "$2" -ne 0 ] || return 0
	while IFS= read -r line; do
		names+=("$1: $line") found=1
	done < <(sed -n "s/$4//p" "$3")
	[ -n "$found" ] || names+=("$1")
}

# suite NAME tap|plain|sum COMMAND...: a plain one counts as one test; one of kind sum prints lines
# like these, and its own sum last.
suite() {
	local name=$1 kind=$2 status=0 p=0 f=0 s=0 began=$SECONDS tap=$work/tap log=$work/log
	shift 2
	: >"$tap"
	case $kind in
	tap)
		"$@" >"$log" 2>&1 || status=$?
		mv "$work/check.tap" "$tap" 2>/dev/null || cp "$log" "$tap"
		read -r p f s < <(scripts/count-tap.sh <"$tap")
		# A suite that dies after its last test, or finds a leak, has not passed.
		[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
		;;
	sum)
		"$@" >"$log" 2>&1 || status=$?
		read -r p f s < <(sum_of "$log")
		[ -n "$s" ] || p=0 f=1 s=0
		[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
		;;
	plain)
		"$@" >"$log" 2>&1 && p=1 || f=1
		;;
	esac
	printf '%-22s %4d passed, %d failed, %d skipped  (%d s)\n' "$name" "$p" "$f" "$s" $((SECONDS - began))
	if [ "$kind" = sum ]; then
		sed '/^failed: /d; $d; s/^/  /' "$log"
		keep_names "$name" "$f" "$log" '^failed: '
	else
		[ "$f" -eq 0 ] || show_failures "$tap" "$log"
		keep_names "$name" "$f" "$tap" '^not ok [0-9]* '
	fi
	grep '^ok .* # skip' "$tap" | sed 's/^ok [0-9]* /  skipped: /' | sort -u
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$f" -eq 0 ]
}

# skip NAME REASON: a suite that cannot run here.
skip() {
	printf '%-22s %4d passed, 0 failed, 1 skipped\n  skipped: %s\n' "$1" 0 "$2"
	skipped=$((skipped + 1))
}

# Return: whether nothing failed.
sum_up() {
	[ ${#names[@]} -eq 0 ] || printf 'failed: %s\n' "${names[@]}"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
