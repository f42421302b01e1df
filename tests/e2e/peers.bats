#!/usr/bin/env bats
# bats file_tags=engine
# Tests with peers: programs in boxes of their own that a student's program talks to.
load helpers
load network

setup() {
	need_network
	world
}

teardown() {
	end_world
}

# A server says who it is and what it was given, and answers a line with the same in capitals.
server_py='
import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen()
while True:
    c, peer = s.accept()
    with c, c.makefile("rw") as f:
        for line in f:
            if line == "crash\n": os.abort()
            f.write(line.upper()); f.flush()
'
client_py='
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as c, c.makefile("rw") as f:
    f.write(sys.argv[3] + "\n"); f.flush()
    print(f.readline(), end="")
'

# test_with NAME TEST [FILE CONTENT]... - an assignment of one test, or of several; prints its path.
test_with() {
	local name=$1 tests=$2
	shift 2
	assignment "$name" "\"image\": \"host\", \"build\": [], \"tests\": [$tests]" server.py "$server_py" client.py "$client_py" "$@"
}
server='{"name": "server", "run": ["python3", "server.py", "7000"], "files": [{"from": "server.py", "to": "./"}], "listen": 7000}'

@test "a client of the student against a server of the teacher, twice at the same port" {
	local a s
	a=$(test_with client "{\"name\": \"one\", \"run\": [\"python3\", \"mine.py\", \"server\", \"7000\", \"hello\"], \"stdout\": \"out\", \"peers\": [$server]},
		{\"name\": \"two\", \"run\": [\"python3\", \"mine.py\", \"server\", \"7000\", \"hello\"], \"stdout\": \"out\", \"peers\": [$server]},
		{\"name\": \"none\", \"run\": [\"sh\", \"-c\", \"test ! -e server.py; getent hosts server student; python3 mine.py server 7000 x 2>&1 | tail -n 1\"], \"compare\": \"none\"}" out $'HELLO\n')
	s=$(archive s.tar mine.py "$client_py")
	grade -a "$a" "$s"
	host_before
	grade -a "$a" "$s"
	expect_verdict passed none 0
	expect steps.0.network.refused '[]' steps.2.network null
	[ "$(field steps.0.network.sent.packets)" -ge 4 ] && [ "$(field steps.0.network.received.bytes)" -ge 200 ]
	# In a test without peers their names mean nothing.
	[[ $(field steps.2.stdout.text) == *gaierror* ]]
	host_same
	no_trace
}

# serve_client MORE - the student's server against a client of the teacher's, with more keys.
serve_client() {
	local a
	a=$(test_with server '{"name": "one", "run": ["python3", "mine.py"], "stdout": "out",
		"peers": [{"name": "client", "run": ["sh", "-c", "until python3 client.py student 80 hello 2>/dev/null; do sleep 0.05; done"], "files": [{"from": "client.py", "to": "./"}]'"$1"'}]}' out $'hello\n')
	grade -a "$a" "$(archive s.tar mine.py '
import socket
s = socket.socket(); s.bind(("", 80)); s.listen()
c, _ = s.accept(); print(c.makefile().readline(), end=""); c.sendall(b"done\n")')"
	expect_verdict passed none 0
	no_trace
}

@test "a server of the student against a client of the teacher, which nobody waits for" {
	serve_client ', "listen": false'
}

@test "a client without the key listen is ready when it sends" {
	serve_client ''
}

@test "peers know each other, their files and variables, not those of others" {
	local a
	a=$(assignment two '"image": "host", "build": [], "env": {"OF_STUDENT": "x"}, "files": [{"from": "shared", "to": "/shared"}], "tests": [{"name": "one", "run": ["python3", "mine.py", "front", "7000", "word"], "stdout": "out", "peers": [
		{"name": "front", "run": ["python3", "front.py"], "files": [{"from": "front.py", "to": "./"}, {"from": "data", "to": "/data"}], "env": {"MINE": "front"}},
		{"name": "back", "run": ["python3", "server.py", "7001"], "files": [{"from": "server.py", "to": "./"}], "listen": 7001}]}]' \
		server.py "$server_py" data 'of the front' shared 'of all' out $'WORD front None of the front of all\n' front.py '
import os, socket
s = socket.socket(); s.bind(("", 7000)); s.listen()
while True:
    c, _ = s.accept()
    b = socket.create_connection(("back", 7001), 20)
    b.sendall(c.recv(100)); answer = b.recv(100).decode().strip()
    c.sendall(("%s %s %s %s %s\n" % (answer, os.environ["MINE"], os.environ.get("OF_STUDENT"), open("/data").read(), open("/shared").read())).encode())
')
	grade -a "$a" "$(archive s.tar mine.py "$client_py"'
import os
assert not os.path.exists("/data") and not os.path.exists("front.py") and "MINE" not in os.environ')"
	expect_verdict passed none 0
	no_trace
}

@test "a peer that does not begin is the assignment's fault, with its name" {
	local s row what peer words a
	s=$(archive s.tar mine.py "$client_py")
	while IFS='|' read -r what peer words; do
		a=$(test_with "begin-$what" "{\"name\": \"one\", \"run\": [\"python3\", \"mine.py\", \"server\", \"7000\", \"x\"], \"peers\": [$server, {\"name\": \"second\", $peer}]}" sh $'#!/nowhere\n')
		grade -a "$a" "$s"
		expect_verdict internal_error assignment 3 || fail "$what"
		expect error.code assignment.peer score null
		[[ $(field error.message) == *"peer 'second'"*$words* ]] || fail "$what: no '$words'"
	done <<-'E'
		missing|"run": ["/grader/nowhere"]|nowhere
		interpreter|"run": ["./sh"], "files": [{"from": "sh", "to": "./"}]|nowhere
		ends|"run": ["sh", "-c", "exit 0"], "listen": 7000|status 0
		fails|"run": ["sh", "-c", "echo no database >&2; exit 7"], "listen": 7000|status 7*no database
		signal|"run": ["sh", "-c", "kill -SEGV $$"]|SIGSEGV
	E
	no_trace
}

@test "a peer that does not listen where it should is the assignment's fault" {
	[ "$MOULETTE_TIME_FACTOR" = 1 ] || skip "it would be waited for $((10 * MOULETTE_TIME_FACTOR)) s"
	local a
	a=$(test_with deaf '{"name": "one", "run": ["true"], "peers": [{"name": "deaf", "run": ["python3", "server.py", "7001"], "files": [{"from": "server.py", "to": "./"}], "listen": 7000}]}')
	grade -a "$a" "$(archive s.tar f x)"
	expect_verdict internal_error assignment 3
	[[ $(field error.message) == *"'deaf'"*"port 7000"* ]]
	no_trace
}

@test "a peer that dies during the test changes no verdict but by what the student's program makes of it" {
	local a s run='"run": ["python3", "mine.py", "server", "7000", "crash"]'
	a=$(test_with dies "{\"name\": \"deals with it\", $run, \"stdout\": \"empty\", \"peers\": [$server]},
		{\"name\": \"does not\", $run, \"stdout\": \"out\", \"peers\": [$server]},
		{\"name\": \"next\", \"run\": [\"python3\", \"mine.py\", \"server\", \"7000\", \"fine\"], \"stdout\": \"out\", \"peers\": [$server]}" empty '' out $'FINE\n')
	s=$(archive s.tar client.py "$client_py" mine.py '
try: exec(open("client.py").read())
except OSError: pass')
	grade -a "$a" "$s"
	expect_verdict wrong_answer student 1
	expect steps.0.verdict passed steps.1.verdict wrong_answer steps.1.fault student steps.2.verdict passed
	no_trace
}

@test "peers have the network of the test or of their profile; what they are refused is not the student's" {
	local a ask
	serve host 0.0.0.0:80/tcp 0.0.0.0:81/tcp
	ask='{"name": "asks", "run": ["python3", "relay.py", "10.213.0.1:80/tcp", "10.213.0.1:81/tcp", "10.7.0.5:80/tcp"], "files": [{"from": "relay.py", "to": "./"}]'
	a=$(test_with reach "{\"name\": \"nothing\", \"run\": [\"python3\", \"mine.py\"], \"peers\": [$ask}]},
		{\"name\": \"host\", \"run\": [\"python3\", \"mine.py\"], \"network\": {\"allow\": [\"host:80\"]}, \"peers\": [$ask}]},
		{\"name\": \"own profile\", \"run\": [\"python3\", \"mine.py\"], \"network\": {\"allow\": [\"host:80\"]}, \"peers\": [$ask, \"profile\": \"card\"}]}" \
		relay.py "$(sed 's/print(spec, heard, flush=True)/said.append(spec + " " + heard + "\\n")/; s/^wanted = .*/&\nsaid = []/' <<<"$try_py")"'
s = socket.socket(); s.bind(("", 7000)); s.listen()
while True: c, _ = s.accept(); c.sendall("".join(said).encode()); c.close()')
	allow host:81
	grade -a "$a" "$(archive s.tar mine.py '
import socket
print(socket.create_connection(("asks", 7000), 20).makefile().read(), end="")')"
	expect_verdict passed none 0
	expect steps.0.stdout.text $'10.213.0.1:80/tcp ECONNREFUSED\n10.213.0.1:81/tcp ECONNREFUSED\n10.7.0.5:80/tcp ECONNREFUSED' \
		steps.0.network.refused '[]'
	[[ $(field steps.1.stdout.text) == $'10.213.0.1:80/tcp 10.213.'*$'\n10.213.0.1:81/tcp ECONNREFUSED\n10.7.0.5:80/tcp ECONNREFUSED' ]] || fail "as the test"
	[[ $(field steps.2.stdout.text) == $'10.213.0.1:80/tcp ECONNREFUSED\n10.213.0.1:81/tcp 10.213.'*$'\n10.7.0.5:80/tcp ECONNREFUSED' ]] || fail "as its profile"
	expect steps.1.network.refused '[]'
	no_trace
}

@test "peers may neither be touched nor lead anywhere else" {
	local a
	serve host 0.0.0.0:80/tcp
	serve outside 0.0.0.0:80/tcp
	a=$(test_with touch "{\"name\": \"one\", \"run\": [\"python3\", \"mine.py\"], \"peers\": [$server]}")
	grade -a "$a" "$(archive s.tar try.py "$try_py" mine.py '
import os, socket, subprocess
# No process of theirs is seen, and no file.
names = [open("/proc/%s/cmdline" % p).read() for p in os.listdir("/proc") if p.isdigit()]
print(sum("server.py" in n for n in names), os.path.exists("server.py"), os.listdir("/tmp"))
server = socket.gethostbyname("server")
for kind in socket.SOCK_RAW, socket.SOCK_DGRAM:
    try: socket.socket(socket.AF_PACKET, kind, 0x300); print("packets are read")
    except OSError as e: print(e.errno, flush=True)
# Others are not reached by the way to the peers.
subprocess.run(["python3", "try.py", "10.213.0.1:80/tcp", "10.7.0.5:80/tcp", "10.213.0.2:80/tcp"])
s = socket.create_connection(("server", 7000), 20); s.sendall(b"still\n"); print(s.recv(100).decode(), end="")')"
	expect_verdict passed none 0
	[[ $(field steps.0.stdout.text) == $'0 False [\'.home\']\n38\n38\n10.213.0.1:80/tcp ECONNREFUSED\n10.7.0.5:80/tcp ECONNREFUSED\n10.213.0.2:80/tcp ECONNREFUSED\nSTILL' ]] || fail "touched"
	no_trace
}

@test "two runs at once with peers of one name and port" {
	local a name
	a=$(test_with both "{\"name\": \"one\", \"run\": [\"python3\", \"mine.py\"], \"peers\": [$server]}")
	mine='
import os, signal, socket
signal.signal(signal.SIGUSR1, lambda *_: None)
s = socket.create_connection(("server", 7000), 20)
print("ready", flush=True)
signal.pause()
s.sendall(b"hello\n"); print(s.recv(100).decode(), end="")
try: socket.create_connection((socket.gethostbyname("server").rsplit(".", 1)[0] + ".3", 7000), 0.5); print("another")
except OSError: pass'
	start one -a "$a" "$(archive one.tar mine.py "$mine")"
	local first=$id
	start two -a "$a" "$(archive two.tar mine.py "$mine")"
	moulette kill -s USR1 "$first" "$id"
	for name in one two; do
		finish "$name"
		expect_verdict passed none 0
		expect steps.0.stdout.text $'ready\nHELLO'
	done
	no_trace
}

@test "a runner that is killed or interrupted takes its peers with it" {
	local a s signal want
	a=$(test_with killed "{\"name\": \"one\", \"run\": [\"sh\", \"-c\", \"echo ready; exec sleep 1000\"], \"network\": {\"allow\": [\"internet\"]}, \"peers\": [$server, {\"name\": \"client\", \"run\": [\"sleep\", \"1000\"], \"listen\": false}]}")
	s=$(archive s.tar f x)
	# What stays for good is made: three slots.
	start first -a "$a" "$s"
	kill "$runner"
	finish first
	host_before
	for signal in INT:130 TERM:143 KILL:137; do
		want=${signal#*:}
		start "$signal" -a "$a" "$s"
		kill "-${signal%:*}" "$runner"
		finish "$signal"
		[ "$status" = "$want" ] || fail "$signal: $status"
		moulette gc
		host_same
		no_trace
	done
	for delay in 0.05 0.1 0.15 0.2 0.3 0.4; do
		background host "$MOULETTE" run -a "$a" "$s" >/dev/null 2>&1
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	moulette gc
	host_same
	no_trace
}

@test "an error in peers is exit 2 and names the key" {
	local s peers words word a
	s=$(archive s.tar f x)
	while IFS='|' read -r peers words; do
		a=$(test_with wrong "{\"name\": \"zero\", \"run\": [\"true\"]}, {\"name\": \"one\", \"run\": [\"true\"], $peers}")
		for command in "run -a $a $s" "assignment check $a"; do
			status=0
			# shellcheck disable=SC2086
			moulette $command >/dev/null 2>"$BATS_TEST_TMPDIR/err" || status=$?
			[ "$status" = 2 ] || { cat "$BATS_TEST_TMPDIR/err"; fail "$command, $peers: status $status"; }
			for word in 'tests[1]' $words; do
				grep -qF -- "$word" "$BATS_TEST_TMPDIR/err" || fail "$peers: no '$word' in: $(cat "$BATS_TEST_TMPDIR/err")"
			done
		done
	done <<-'E'
		"peers": [{"run": ["true"]}]|peers[0] name
		"peers": [{"name": "a"}]|peers[0] run
		"peers": [{"name": "student", "run": ["true"]}]|peers[0] student
		"peers": [{"name": "a", "run": ["true"]}, {"name": "a", "run": ["true"]}]|peers[1] 'a'
		"peers": [{"name": "A.b", "run": ["true"]}]|peers[0] A.b
		"peers": [{"name": "a", "run": ["true"], "listen": 65536}]|peers[0] listen
		"peers": [{"name": "a", "run": ["true"], "points": 1}]|peers[0] points
		"peers": [{"name": "a", "run": ["true"], "files": [{"from": "nowhere", "to": "./"}]}]|nowhere
		"peers": [{"name": "a", "run": ["true"]}], "network": null|peers network
	E
	no_trace
}
