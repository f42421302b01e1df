# network.bash - a host, its neighbours and the internet for the tests of cards; `load network` comes
# after `load helpers`.
#
# "The host" is a network namespace of the test's own, in which the program runs: it sees its
# addresses, routes, rules and ip_forward, and the real host's network is never changed. Everybody
# else lives in a second one, "outside":
#
#   host     10.7.0.1/24     a private network, with 10.7.0.5 and 10.7.0.6 in it, 10.8.0.5 behind it
#            198.51.100.7/24 a network where only its address is named; 203.0.113.7 likewise
#            5.6.7.8/24      its public address; default route to 5.6.7.1
#   outside  the above, 1.2.3.4 and 169.254.169.254
#
# Outside knows the way to the cards' network, so that an address that is not hidden is seen.

# need_network - skip where the kernel lacks what a card is made of, and say what.
need_network() {
	need_engine
	PATH=$PATH:/usr/sbin:/sbin
	local program said
	for program in ip nft nsenter python3; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
	said=$(unshare -n sh -ec '
		ip link add one type veth peer name two
		ip link add three type bridge
		tc qdisc add dev one root tbf rate 1mbit burst 16384 limit 100000
		nft -f - <<-E
			table inet t {
				set s { type ipv4_addr . inet_proto . inet_service; size 2; flags dynamic; counter; }
				ct timeout c { protocol tcp; l3proto ip; policy = { close : 1 }; }
				chain o { type filter hook output priority 0; ct count over 1 reject with icmpx admin-prohibited; }
				chain i { type filter hook input priority 0; fib saddr . iif oif missing drop; }
				chain n { type nat hook postrouting priority 100; masquerade; }
				chain r { type filter hook prerouting priority -300; notrack; }
			}
		E' 2>&1) || skip "no cards with this kernel: $(tail -n 1 <<<"$said")"
}

# on PLACE COMMAND... - run it in the namespace "host" or "outside".
on() {
	local place=$1
	shift
	nsenter --net="$BATS_TEST_TMPDIR/net/$place" -- "$@"
}

# background PLACE COMMAND... - likewise, until the test ends; sets pid. A function with & would be a
# shell around the command, and only the shell would get signals.
background() {
	local place=$1
	shift
	nsenter --net="$BATS_TEST_TMPDIR/net/$place" -- "$@" </dev/null 3>&- &
	pid=$!
	servers+=("$pid")
}

# The program and what looks at the host, on our host.
moulette() {
	on host "$MOULETTE" "$@" </dev/null
}
host_before() {
	on host python3 -IS "$REPO/tests/e2e/host_state.py" >"$BATS_TEST_TMPDIR/host.json"
}
host_same() {
	on host python3 -IS "$REPO/tests/e2e/host_state.py" "$BATS_TEST_TMPDIR/host.json"
}

# forwarding 0|1 - of our host.
forwarding() {
	on host sh -c 'echo "$0" >/proc/sys/net/ipv4/ip_forward' "$1"
}

# world - our host and outside, joined; end_world in teardown.
world() {
	local place
	servers=()
	mkdir "$BATS_TEST_TMPDIR/net"
	for place in host outside; do
		: >"$BATS_TEST_TMPDIR/net/$place"
		unshare --net="$BATS_TEST_TMPDIR/net/$place" true
	done
	# A link is put into the namespace of a process: the shell's.
	on host sh -c 'sed "s/HOST/$$/" | nsenter --net="$0" ip -batch -' "$BATS_TEST_TMPDIR/net/outside" <<-'E'
		link set lo up
		link add lan type veth peer name lan netns HOST
		link add wan type veth peer name wan netns HOST
		address add 10.7.0.5/24 dev lan
		address add 10.7.0.6/24 dev lan
		address add 10.8.0.5/32 dev lo
		address add 5.6.7.1/24 dev wan
		address add 1.2.3.4/32 dev lo
		address add 169.254.169.254/32 dev lo
		link set lan up
		link set wan up
	E
	on host ip -batch - <<-'E'
		link set lo up
		address add 10.7.0.1/24 dev lan
		address add 198.51.100.7/24 dev lan
		address add 203.0.113.7/32 dev lo
		address add 5.6.7.8/24 dev wan
		link set lan up
		link set wan up
		route add default via 5.6.7.1
		route add 10.8.0.0/24 via 10.7.0.5
	E
	on outside ip route add 10.213.0.0/16 via 10.7.0.1
	forwarding 1
}

# end_servers - what was started is ended.
end_servers() {
	local pid
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	servers=()
}

# end_world - that, too; its namespaces go with the last of it.
end_world() {
	local place
	end_servers
	for place in host outside; do
		umount -l "$BATS_TEST_TMPDIR/net/$place" 2>/dev/null || true
	done
}

# with_file PATH FILE COMMAND... - a command on our host that finds this file at PATH, /etc/resolv.conf
# or /etc/moulette.conf, in a mount namespace of its own.
with_file() {
	on host unshare -m --propagation private "$REPO/tests/e2e/with_file.sh" "$@" </dev/null
}

# Both speak of "ADDRESS:PORT/tcp" and "ADDRESS:PORT/udp". The server goes to the background when it
# is bound, and prints its process. It says whom it sees; a connection stays open until the other end
# closes it.
serve_py='
import os, selectors, socket, sys
table = selectors.DefaultSelector()
for spec in sys.argv[1:]:
    at, protocol = spec.split("/")
    address, port = at.rsplit(":", 1)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    if protocol == "tcp":
        s.listen(100)
    table.register(s, selectors.EVENT_READ, (spec, "listen" if protocol == "tcp" else "udp"))
pid = os.fork()
if pid:
    print(pid)
    sys.exit()
null = os.open("/dev/null", os.O_RDWR)
for fd in range(3):
    os.dup2(null, fd)
while True:
    for key, _ in table.select():
        spec, kind = key.data
        try:
            if kind == "listen":
                c, (peer, _) = key.fileobj.accept()
                c.sendall((peer + "\n").encode())
                table.register(c, selectors.EVENT_READ, (spec, "connection"))
            elif kind == "udp":
                _, peer = key.fileobj.recvfrom(2000)
                key.fileobj.sendto((peer[0] + "\n").encode(), peer)
            elif not key.fileobj.recv(65536):
                table.unregister(key.fileobj)
                key.fileobj.close()
        except OSError:
            if kind == "connection":
                table.unregister(key.fileobj)
                key.fileobj.close()
'
# The client says what it heard, or the error: refused by the card are ECONNREFUSED and, of UDP, EPERM;
# "timeout" is what a silent drop looks like.
try_py='
import errno, os, socket, sys
wanted = sys.argv[1:]
for spec in wanted:
    at, protocol = spec.split("/")
    address, port = at.rsplit(":", 1)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(float(os.environ.get("PATIENCE", "8")))
    try:
        s.connect((address, int(port)))
        if protocol == "udp":
            s.send(b"hello")
        heard = s.recv(2000).decode().strip()
    except socket.timeout:
        heard = "timeout"
    except OSError as e:
        heard = errno.errorcode.get(e.errno, str(e))
    print(spec, heard, flush=True)
    s.close()
'

# serve PLACE SPEC... - a server on these.
serve() {
	local place=$1
	shift
	servers+=("$(on "$place" python3 -IS -c "$serve_py" "$@" 3>&-)")
}

# allow ENTRY... - profile "card" allows these; more keys by the variable card_keys.
allow() {
	local list='' entry
	for entry; do list+="${list:+, }\"$entry\""; done
	card "{\"allow\": [$list]${card_keys:+, $card_keys}}"
}

# card JSON - profile "card" has this network.
card() {
	mkdir -p "$BATS_TEST_TMPDIR/profiles"
	echo "{\"extends\": \"network\", \"moulette\": {\"network\": $1}}" >"$BATS_TEST_TMPDIR/profiles/card.json"
	export MOULETTE_PROFILES=$BATS_TEST_TMPDIR/profiles
}

# attempt SPEC... - try these from a box of profile "card"; the lines are in the result's stdout.
attempt() {
	grade -p card -i host "$submission" -- python3 try.py "$@"
}

# reached LINE... - the last attempt's lines are these and no others; "a box" is any of our cards.
reached() {
	[ "$(field steps.0.stdout.text | sed -E 's/ 10\.213\.[1-9][0-9]*\.[0-9]+$/ a box/')" = "$(printf '%s\n' "$@")" ] ||
		fail "expected: $(printf '%s\n' "$@")"
}

# start NAME OPTION... - `moulette run` on our host in the background; returns when a step of it has
# printed "ready"; sets runner, and id. finish NAME sets status when it has ended, and result.
start() {
	local name=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/live"
	messages=$BATS_TEST_TMPDIR/live/$name.messages
	background host "$MOULETTE" run -f json --time-factor "$MOULETTE_TIME_FACTOR" -n "$name" "$@" >"$BATS_TEST_TMPDIR/live/$name" 2>"$messages"
	runner=$pid
	echo "$runner" >"$BATS_TEST_TMPDIR/live/$name.pid"
	for _ in $(seq 500); do
		for id in $("$MOULETTE" list -q); do
			"$MOULETTE" state "$id" 2>/dev/null | grep -qF "\"$name\"" || continue
			! "$MOULETTE" logs "$id" 2>/dev/null | grep -q ready || return 0
		done
		kill -0 "$runner" 2>/dev/null || break
		sleep 0.02
	done
	result=$BATS_TEST_TMPDIR/live/$name
	fail "the run $name does not begin"
}
# netns_of ID - the network of its box.
netns_of() {
	echo "/proc/$("$MOULETTE" state "$1" | python3 -IS -c 'import json, sys; print(json.load(sys.stdin)["pid"])')/ns/net"
}
finish() {
	result=$BATS_TEST_TMPDIR/live/$1
	messages=$result.messages
	status=0
	wait "$(cat "$result.pid")" || status=$?
}

# refused [ENTRY...] - what the result lists, in its order: "10.7.0.5:80/tcp 2" is address, port,
# protocol and count.
refused() {
	local got
	got=$(field steps.0.network.refused | python3 -IS -c '
import json, sys
for r in json.load(sys.stdin):
    print("%(address)s:%(port)s/%(protocol)s %(count)s" % r)')
	[ "$got" = "$([ $# -eq 0 ] || printf '%s\n' "$@")" ] || fail "refused: $got"
}

# 
no_trace() {
	on host ip -o link | grep -F moul- && fail "a link is there"
	[ -z "$(on host nft list tables)" ] || fail "tables: $(on host nft list tables)"
}
