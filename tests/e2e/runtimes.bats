#!/usr/bin/env bats
# Managed runtimes are told the memory limit of their step: honest programs live within it, what is
# said for that is not shown, and what the teacher says himself wins.
load helpers

setup() {
	need_engine
}

# fake_runtimes - the image `fake`: programs that have the names of runtimes and show what they were
# told, as the real ones do.
fake_runtimes() {
	local tree=$BATS_TEST_TMPDIR/tree
	own_home
	command -v busybox >/dev/null || skip "busybox is not installed"
	mkdir -p "$tree"/{bin,usr/bin,dev,proc,sys,tmp,work}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	files_into "$tree/usr/bin" java '#!/bin/sh
[ -z "${JAVA_TOOL_OPTIONS+x}" ] || echo "Picked up JAVA_TOOL_OPTIONS: $JAVA_TOOL_OPTIONS" >&2
echo "java $*"
' node '#!/bin/sh
' dotnet '#!/bin/sh
'
	moulette image import fake "$tree"
	submission=$(archive s.tar a.txt x)
}

# What a step of 64 MiB is told; bytes of 3/4 and 9/10 of it.
java_64='-XX:MaxRAM=67108864 -XX:MinRAMPercentage=65 -XX:MaxRAMPercentage=75'
go_64=60397977
dotnet_64=0x3000000

# told [OPTION]... - the variables of a step in the image fake, as one line.
told() {
	grade -i fake "$@" "$submission" -- sh -c 'echo "$JAVA_TOOL_OPTIONS|$NODE_OPTIONS|$GOMEMLIMIT|$DOTNET_GCHeapHardLimit|$MOULETTE_JAVA_OPTIONS"'
	expect verdict passed
	field steps.0.stdout.text
}

@test "each step is told its own limit, and only of runtimes that the image has" {
	fake_runtimes
	[ "$(told -l memory=64M)" = "$java_64|--max-old-space-size=48|$go_64|$dotnet_64|" ] || fail "$(told -l memory=64M)"
	[ "$(told -l memory=1M)" = "${java_64/67108864/1048576}|--max-old-space-size=1|943718|0xc0000|" ]
	local a
	a=$(assignment steps '"image": "fake", "limits": {"memory": "64M"},
		"build": [{"run": ["sh", "-c", "echo $GOMEMLIMIT >built"], "limits": {"memory": "128M"}}], "tests": [
		{"name": "one", "run": ["sh", "-c", "cat built; echo $GOMEMLIMIT"]},
		{"name": "two", "run": ["sh", "-c", "echo $GOMEMLIMIT"], "limits": {"memory": "32M"}}]')
	grade -a "$a" "$submission"
	expect verdict passed steps.1.stdout.text $'120795955\n'$go_64 steps.2.stdout.text 30198988
	grade -i busybox -l memory=64M "$submission" -- sh -c 'env | grep -E "^(JAVA|NODE|GO|DOTNET|MOULETTE)"'
	expect verdict passed steps.0.stdout.text GOMEMLIMIT=$go_64
}

@test "values from the assignment, a step or -e are kept" {
	fake_runtimes
	[ "$(told -e JAVA_TOOL_OPTIONS=-Xmx1m -e NODE_OPTIONS= -e GOMEMLIMIT=off -e DOTNET_GCHeapHardLimit=9)" = '-Xmx1m||off|9|' ]
	[ "$(told -l memory=64M -e DOTNET_GCHeapHardLimitPercent=20)" = "$java_64|--max-old-space-size=48|$go_64||" ]
	# An image or a teacher whose java takes its options elsewhere, without a word.
	[ "$(told -l memory=64M -e MOULETTE_JAVA_OPTIONS=)" = "|--max-old-space-size=48|$go_64|$dotnet_64|$java_64" ]
	[ "$(told -l memory=64M -e MOULETTE_JAVA_OPTIONS=-Xmx1m)" = "|--max-old-space-size=48|$go_64|$dotnet_64|-Xmx1m" ]
	local a
	a=$(assignment mine '"image": "fake", "env": {"GOMEMLIMIT": "5"}, "build": [], "tests": [
		{"name": "one", "run": ["sh", "-c", "echo $GOMEMLIMIT"]},
		{"name": "two", "run": ["sh", "-c", "echo $GOMEMLIMIT"], "env": {"GOMEMLIMIT": "6"}},
		{"name": "words", "run": ["java", "-XX:MaxRAM=7", "Main"]}]')
	grade -a "$a" "$submission"
	expect verdict passed steps.0.stdout.text 5 steps.1.stdout.text 6 \
		steps.2.stdout.text 'java -XX:MaxRAM=7 Main' steps.2.stderr.bytes 0
}

@test "the line that java prints about its options is not part of the output" {
	fake_runtimes
	grade -i fake -l memory=64M "$submission" -- sh -c 'java a; printf "mine " >&2; java b; echo Picked up >&2; java c 2>&1; java d'
	expect verdict passed steps.0.stdout.text $'java a\njava b\njava c\njava d' \
		steps.0.stderr.text "mine Picked up JAVA_TOOL_OPTIONS: $java_64"$'\nPicked up' \
		steps.0.stderr.truncated false
	[ "$(field steps.0.stderr.bytes)" = "$(moulette logs --stderr "$(field id)" | wc -c)" ]
	run -0 "$MOULETTE" run -i fake -l memory=64M "$submission" -- java e
	[[ $output == *'java e'* && $output != *'Picked up'* && $output != *stderr* ]]
	# It is compared with nothing, wherever a program has its stderr.
	local a
	a=$(assignment merged '"image": "fake", "build": [], "tests": [
		{"name": "one", "run": ["sh", "-c", "java a 2>&1"], "stdout": "out", "compare": "exact"}]' out $'java a\n')
	grade -a "$a" "$submission"
	expect verdict passed
	# Another value is the teacher's, and shown.
	grade -i fake -e JAVA_TOOL_OPTIONS=-Xmx1m "$submission" -- java a
	expect verdict passed steps.0.stderr.text 'Picked up JAVA_TOOL_OPTIONS: -Xmx1m'
	# Nor does it end: the time limit does, or that of output.
	grade -i fake -l output=1K -l cpu=5s "$submission" -- sh -c 'while :; do java; done >/dev/null'
	expect verdict output_limit steps.0.stderr.bytes 0
}

# ---- the real ones, where the host has them ----

# Three ways to use memory, in MiB: a live heap, garbage beside a tenth of it, all there is.
java_program='import java.util.*;
public class Use {
    public static void main(String[] words) {
        int mib = Integer.parseInt(words[1]);
        List<byte[]> kept = new ArrayList<>();
        for (int i = 0; i < mib * 1024; i++) {
            if (words[0].equals("garbage") && kept.size() == mib * 1024 / 10 / 8)
                kept.set(i % kept.size(), new byte[1000]);
            else
                kept.add(new byte[1000]);
        }
        System.out.println("used");
    }
}
'

# java_tests - JSON: 60 % of the limit live, eight times the limit as garbage, and without end.
java_tests() {
	local mib sep=''
	for mib in 64 128 256 512; do
		printf '%s{"name": "live %d", "run": ["java", "Use", "live", "%d"], "limits": {"memory": "%dM"}},' "$sep" $mib $((mib * 60 / 100)) $mib
		printf '{"name": "garbage %d", "run": ["java", "Use", "garbage", "%d"], "limits": {"memory": "%dM"}},' $mib $((mib * 8)) $mib
		printf '{"name": "all %d", "run": ["java", "Use", "live", "100000"], "limits": {"memory": "%dM"}}' $mib $mib
		sep=,
	done
}

# bats test_tags=slow
@test "java: honest programs live within the limit, greedy ones end by themselves" {
	command -v java >/dev/null && command -v javac >/dev/null || skip "java and javac are not installed"
	local a i
	a=$(assignment heap '"image": "host", "limits": {"cpu": "60s", "wall": "300s"},
		"build": [{"run": ["javac", "Use.java"], "limits": {"memory": "256M"}}], "tests": ['"$(java_tests)"']')
	grade -a "$a" "$(archive use.tar Use.java "$java_program")"
	for i in 1 4 7 10; do
		expect steps.$i.verdict passed steps.$i.stderr.bytes 0
		expect steps.$((i + 1)).verdict passed
		case $(field steps.$((i + 2)).verdict) in
		runtime_error) [[ $(field steps.$((i + 2)).stderr.text) == *OutOfMemoryError* ]] ;;
		*) expect steps.$((i + 2)).verdict memory_limit ;;
		esac
	done
	expect steps.0.verdict passed steps.0.stderr.bytes 0
}

# bats test_tags=slow
@test "java: options of the command win" {
	command -v java >/dev/null || skip "java is not installed"
	submission=$(archive s.tar a.txt x)
	local flags='-XX:+PrintFlagsFinal -version' options want
	while read -r want options; do
		# shellcheck disable=SC2086 # words are wanted
		grade -i host -l memory=256M "$submission" -- java $options $flags
		expect verdict passed
		[[ $(field steps.0.stdout.text) =~ MaxHeapSize\ +=\ $want\  ]] || fail "$options: no MaxHeapSize of $want"
	done <<-'END'
		201326592
		20971520 -Xmx20m
		104857600 -XX:MaxRAM=100m -XX:MinRAMPercentage=100
		1073741824 -Xms1g
	END
}

# bats test_tags=slow,long
@test "node: honest programs live within the limit, greedy ones end by themselves" {
	command -v node >/dev/null || skip "node is not installed"
	local a mib tests=''
	for mib in 128 256; do
		tests+="${tests:+,}{\"name\": \"live $mib\", \"run\": [\"node\", \"use.js\", \"$((mib * 60 / 100))\", \"1\"], \"limits\": {\"memory\": \"${mib}M\"}},"
		tests+="{\"name\": \"garbage $mib\", \"run\": [\"node\", \"use.js\", \"$((mib * 40 / 100))\", \"30\"], \"limits\": {\"memory\": \"${mib}M\"}},"
		tests+="{\"name\": \"all $mib\", \"run\": [\"node\", \"use.js\", \"100000\", \"1\"], \"limits\": {\"memory\": \"${mib}M\"}}"
	done
	a=$(assignment heap '"image": "host", "limits": {"cpu": "60s", "wall": "300s"}, "build": [], "tests": ['"$tests]")
	grade -a "$a" "$(archive use.tar use.js 'const [mib, times] = process.argv.slice(2).map(Number);
const pieces = Math.floor(mib * 1048576 / 8016), kept = [];
for (let i = 0; i < pieces * times; i++) kept[i % pieces] = new Array(1000).fill(i);
console.log("used");
')"
	for mib in 0 3; do
		expect steps.$mib.verdict passed steps.$((mib + 1)).verdict passed
		[[ $(field steps.$((mib + 2)).verdict) =~ ^(runtime_error|memory_limit)$ ]] || fail "all"
	done
}

# What go run, JNI, ctypes and PyInstaller do; the second test does so over what the build left there.
@test "what a program makes in /tmp can be run, in a build and in each test" {
	local a profile
	for profile in default compile; do
		a=$(assignment tmp '"profile": "'$profile'", "build": [{"run": ["sh", "make.sh"]}], "tests": [
			{"name": "program", "run": ["sh", "make.sh"]}, {"name": "built", "run": ["/tmp/p"]},
			{"name": "script", "run": ["sh", "-c", "printf \"#!/bin/sh\\nexit 0\\n\" >/tmp/s; chmod 755 /tmp/s; /tmp/s"]},
			{"name": "library", "run": ["python3", "-c", "import ctypes; ctypes.CDLL(\"/tmp/l.so\").main"]}]')
		grade -a "$a" "$(archive s.tar p.c 'int main(void) { return 0; }' make.sh 'set -e
cc -fPIC -o /tmp/p p.c
cc -shared -fPIC -o /tmp/l.so p.c
/tmp/p')"
		expect_verdict passed none 0
	done
}
