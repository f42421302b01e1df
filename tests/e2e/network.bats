#!/usr/bin/env bats
# bats file_tags=engine
# What a box reaches by its card, what is refused, and that the host is as before. See network.bash.
load helpers
load network

setup() {
	need_network
	world
	submission=$(archive s.tar try.py "$try_py")
}

teardown() {
	end_world
}

# --- what is reached ---------------------------------------------------------------------------

@test "without a card there is lo, and nothing else" {
	serve host 0.0.0.0:8080/tcp
	grade -i host "$submission" -- python3 -c '
import fcntl, os, socket
def name(i):
    try: return fcntl.ioctl(s, 0x8910, bytes(16) + i.to_bytes(4, "little") + bytes(20))[:16].strip(b"\0").decode()
    except OSError: return ""
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen()
print("".join(map(name, range(1, 100))), "MOULETTE_HOST" in os.environ)
c = socket.create_connection(("127.0.0.1", 8080)); a, _ = s.accept(); a.sendall(b"x"); print(c.recv(1))
for to in ("10.213.0.1", "10.7.0.1", "1.2.3.4"):
    try: socket.create_connection((to, 8080), 8)
    except OSError as e: print(e.errno)'
	expect_verdict passed none 0
	expect steps.0.network null steps.0.stdout.text $'lo False\nb\'x\'\n101\n101\n101'
	no_trace
}

@test "a port of the host is reached, everything else is refused at once and listed" {
	local everywhere=10.213.0.1:8081/tcp
	serve host 0.0.0.0:8080/tcp 0.0.0.0:8080/udp 0.0.0.0:8081/tcp
	serve outside 0.0.0.0:8080/tcp 0.0.0.0:53/udp
	allow host:8080
	host_before
	# The first is not the smallest: the list begins with it all the same.
	attempt 203.0.113.7:8080/tcp 10.213.0.1:8080/tcp 10.213.0.1:8080/udp $everywhere 10.213.0.2:8080/tcp \
		10.7.0.1:8080/tcp 198.51.100.7:8080/tcp 5.6.7.8:8080/tcp 10.7.0.5:8080/tcp 10.8.0.5:8080/tcp 1.2.3.4:53/udp \
		169.254.169.254:8080/tcp 10.213.1.200:8080/tcp 10.213.1.201:8080/tcp 10.213.255.1:8080/tcp $everywhere 5.6.7.1:53/udp
	expect_verdict passed none 0
	expect steps.0.message null
	reached '203.0.113.7:8080/tcp ECONNREFUSED' '10.213.0.1:8080/tcp a box' \
		'10.213.0.1:8080/udp a box' "$everywhere ECONNREFUSED" '10.213.0.2:8080/tcp ECONNREFUSED' \
		'10.7.0.1:8080/tcp ECONNREFUSED' '198.51.100.7:8080/tcp ECONNREFUSED' '5.6.7.8:8080/tcp ECONNREFUSED' \
		'10.7.0.5:8080/tcp ECONNREFUSED' '10.8.0.5:8080/tcp ECONNREFUSED' '1.2.3.4:53/udp EPERM' \
		'169.254.169.254:8080/tcp ECONNREFUSED' '10.213.1.200:8080/tcp ECONNREFUSED' '10.213.1.201:8080/tcp ECONNREFUSED' \
		'10.213.255.1:8080/tcp ECONNREFUSED' "$everywhere ECONNREFUSED" '5.6.7.1:53/udp EPERM'
	refused '203.0.113.7:8080/tcp 1' '1.2.3.4:53/udp 1' '5.6.7.1:53/udp 1' '5.6.7.8:8080/tcp 1' '10.7.0.1:8080/tcp 1' \
		'10.7.0.5:8080/tcp 1' '10.8.0.5:8080/tcp 1' '10.213.0.1:8081/tcp 2' '10.213.0.2:8080/tcp 1' '10.213.1.200:8080/tcp 1' \
		'10.213.1.201:8080/tcp 1' '10.213.255.1:8080/tcp 1' '169.254.169.254:8080/tcp 1' '198.51.100.7:8080/tcp 1'
	host_same
	no_trace
}

@test "the message of a step that failed names the first refused destination" {
	allow host:8080
	grade -p card -i host "$submission" -- sh -c 'python3 try.py 10.7.0.5:5432/tcp 1.2.3.4:53/udp; exit 1'
	expect_verdict runtime_error student 1
	[[ $(field steps.0.message) == *"status 1"*"refused: 10.7.0.5:5432/tcp"*"1 more"* ]]
}

@test "each form of an entry reaches what it says, and beyond the host by the host's address" {
	serve host 0.0.0.0:80/tcp
	serve outside 0.0.0.0:79/tcp 0.0.0.0:80/tcp 0.0.0.0:82/tcp 0.0.0.0:83/tcp 10.7.0.5:80/udp 10.8.0.5:80/udp 1.2.3.4:80/udp
	local h=10.213.0.1 no=ECONNREFUSED row entry tries got closed count
	while IFS='|' read -r entry tries; do
		got=() closed=0
		[ "$entry" != host ] || closed=1
		allow "$entry"
		# Each word is DESTINATION=ANSWER: who is seen there, or the error.
		for row in $tries; do got+=("${row%=*}"); done
		attempt "${got[@]}"
		expect_verdict passed none 0
		[ "$(field steps.0.stdout.text | sed -E '/^$/d; s/ 10\.213\.[1-9][0-9]*\.[0-9]+$/ box/; s/ /=/' | paste -sd ' ')" = "$tries" ] ||
			fail "$entry: expected $tries"
		# Where nobody listens it looks the same, but is not listed.
		count=$(grep -oE '(EPERM|ECONNREFUSED)( |$)' <<<"$tries" | wc -l)
		[ "$(field steps.0.network.refused | grep -o address | wc -l)" = "$((count - closed))" ] || fail "$entry: refused"
	done <<-E
		10.7.0.5:80|10.7.0.5:80/tcp=10.7.0.1 10.7.0.5:80/udp=10.7.0.1 10.7.0.5:79/tcp=$no 10.7.0.6:80/tcp=$no
		10.7.0.5:80/tcp|10.7.0.5:80/tcp=10.7.0.1 10.7.0.5:80/udp=EPERM
		10.7.0.5:80/udp|10.7.0.5:80/tcp=$no 10.7.0.5:80/udp=10.7.0.1
		10.7.0.4/30:80-82/tcp|10.7.0.5:80/tcp=10.7.0.1 10.7.0.6:82/tcp=10.7.0.1 10.7.0.5:79/tcp=$no 10.7.0.6:83/tcp=$no 10.7.0.3:80/tcp=$no 10.7.0.8:80/tcp=$no
		10.8.0.0/16|10.8.0.5:79/tcp=10.7.0.1 10.8.0.5:80/udp=10.7.0.1 10.7.0.5:80/tcp=$no
		169.254.169.254:80/tcp|169.254.169.254:80/tcp=5.6.7.8 169.254.169.254:82/tcp=$no
		host|$h:80/tcp=box $h:81/tcp=ECONNREFUSED 10.7.0.1:80/tcp=$no
		internet|1.2.3.4:80/tcp=5.6.7.8 1.2.3.4:80/udp=5.6.7.8 5.6.7.1:79/tcp=5.6.7.8 5.6.7.8:80/tcp=$no $h:80/tcp=$no 10.7.0.5:80/tcp=$no 169.254.169.254:80/tcp=$no 198.51.100.7:80/tcp=$no
		internet:80-82/tcp|1.2.3.4:80/tcp=5.6.7.8 1.2.3.4:82/tcp=5.6.7.8 1.2.3.4:80/udp=EPERM 1.2.3.4:83/tcp=$no
	E
	no_trace
}

@test "several entries hold together" {
	serve host 0.0.0.0:80/tcp
	serve outside 0.0.0.0:80/tcp 10.7.0.6:80/udp 1.2.3.4:80/udp
	allow 10.7.0.5:80/tcp 10.7.0.4/30:80/udp 10.7.0.4/30:80/udp host:80 internet:80/udp
	attempt 10.7.0.5:80/tcp 10.7.0.6:80/udp 10.7.0.6:80/tcp 10.213.0.1:80/tcp 1.2.3.4:80/udp 1.2.3.4:80/tcp
	reached '10.7.0.5:80/tcp 10.7.0.1' '10.7.0.6:80/udp 10.7.0.1' \
		'10.7.0.6:80/tcp ECONNREFUSED' '10.213.0.1:80/tcp a box' \
		'1.2.3.4:80/udp 5.6.7.8' '1.2.3.4:80/tcp ECONNREFUSED'
	no_trace
}

@test "the profile network alone reaches nothing" {
	serve host 0.0.0.0:80/tcp
	grade -p network -i host "$submission" -- python3 try.py 10.213.0.1:80/tcp 10.7.0.5:80/tcp
	reached '10.213.0.1:80/tcp ECONNREFUSED' '10.7.0.5:80/tcp ECONNREFUSED'
	refused '10.213.0.1:80/tcp 1' '10.7.0.5:80/tcp 1'
}

@test "refusals are never silent, however many there are" {
	allow host:80
	# The kernel's own limit on such answers is fifty at once.
	grade -p card -i host "$submission" -- python3 -c '
import socket
said = set()
for port in range(1, 301):
    s = socket.socket(); s.settimeout(8)
    try: s.connect(("10.7.0.5", port))
    except OSError as e: said.add(e.errno)
    s.close()
print(said)'
	expect_verdict passed none 0
	expect steps.0.stdout.text '{111}'
	[ "$(field steps.0.network.refused | grep -o address | wc -l)" = 64 ]
	[[ $(field steps.0.network.refused) == '[{"address": "10.7.0.5", "port": 1,'* ]]
}

# --- servers of Debian -------------------------------------------------------------------------

@test "PostgreSQL at the host's end of the card, kept there before any box" {
	local bin data=$BATS_TEST_TMPDIR/pg
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
	[ -x "$bin/postgres" ] || skip "postgresql is not installed"
	mkdir "$data"
	chown nobody "$data"
	chmod 711 "$BATS_TEST_TMPDIR"
	runuser -u nobody -- "$bin/initdb" -D "$data" -A trust -U teacher --no-sync >"$BATS_TEST_TMPDIR/initdb" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/initdb")"
	echo 'host all all 10.213.0.0/16 trust' >>"$data/pg_hba.conf"
	[ "$(moulette network up)" = 10.213.0.1 ]
	# setpriv, as runuser would not hand the signal on before a while.
	background host setpriv --reuid nobody --regid nogroup --clear-groups "$bin/postgres" -D "$data" -h 10.213.0.1 -k '' -c fsync=off >"$BATS_TEST_TMPDIR/pg.log" 2>&1
	for _ in $(seq 600); do
		! on host "$bin/pg_isready" -q -h 10.213.0.1 || break
		sleep 0.05
	done
	allow host:5432/tcp
	# The second box finds the same server, and what the first one wrote.
	for statement in 'create table answers as select 6 * 7 as answer' 'select answer from answers'; do
		grade -p card -i host -e PGCONNECT_TIMEOUT=8 "$submission" -- "$bin/psql" -h 10.213.0.1 -U teacher -At -c "$statement" postgres
		expect_verdict passed none 0
	done
	expect steps.0.stdout.text 42
	[ "$(field steps.0.network.refused)" = '[]' ]
	grade -p card -i host "$submission" -- "$bin/psql" -h 10.7.0.1 -U teacher postgres
	expect_verdict runtime_error student 1
	[[ $(field steps.0.message) == *"refused: 10.7.0.1:5432/tcp"* ]]
	end_servers
	moulette network down
	no_trace
}

@test "nginx on the host, by curl" {
	command -v nginx >/dev/null || skip "nginx is not installed"
	local prefix=$BATS_TEST_TMPDIR/nginx
	files_into "$prefix" page/index.html 'a page' nginx.conf "daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
server { listen 8080; location / { root page; } } }"
	background host nginx -e stderr -p "$prefix" -c nginx.conf >"$prefix/log" 2>&1
	for _ in $(seq 600); do
		! on host curl -s -o /dev/null http://127.0.0.1:8080/ || break
		sleep 0.05
	done
	allow host:8080/tcp
	grade -p card -i host "$submission" -- sh -c 'curl -sS http://$MOULETTE_HOST:8080/; echo; curl -sS http://10.7.0.1:8080/ 2>&1 | grep -c "curl: (7)"'
	expect steps.0.stdout.text $'a page\n1'
}

@test "dns: names of the host's servers, and only they are asked" {
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
	local resolv=$BATS_TEST_TMPDIR/resolv.conf
	serve outside 10.7.0.5:53/udp
	background outside dnsmasq -k -u root -C /dev/null -p 53 -a 10.7.0.6 -z -R -h --address=/db.school.test/10.7.0.5 >"$BATS_TEST_TMPDIR/dnsmasq" 2>&1
	# The host's own search list and options are not for boxes.
	printf 'search secret.school.test\nnameserver 10.7.0.6\nnameserver fd00::1\n' >"$resolv"
	for _ in $(seq 600); do
		! on outside bash -c ': </dev/tcp/10.7.0.6/53' 2>/dev/null || break
		sleep 0.05
	done
	allow dns
	moulette() { with_file /etc/resolv.conf "$resolv" "$MOULETTE" "$@"; }
	grade -p card -i host "$submission" -- sh -c 'cat /etc/resolv.conf; python3 -c "
import socket
print(socket.gethostbyname(\"db.school.test\"))"; python3 try.py 10.7.0.5:53/udp 10.7.0.6:54/udp; PATIENCE=0.5 python3 try.py 10.7.0.6:53/tcp'
	expect_verdict passed none 0
	[[ $(field steps.0.stdout.text) == $'nameserver 10.7.0.6\n10.7.0.5\n10.7.0.5:53/udp EPERM\n10.7.0.6:54/udp EPERM\n10.7.0.6:53/tcp timeout' ]] ||
		fail "names"
	refused '10.7.0.5:53/udp 1' '10.7.0.6:54/udp 1'
	no_trace
}

@test "dns at another address of the host needs no forwarding; at its loopback, or nowhere, it is exit 2" {
	local resolv=$BATS_TEST_TMPDIR/resolv.conf servers_of
	serve host 10.7.0.1:53/udp 10.7.0.1:54/udp
	forwarding 0
	allow dns
	moulette() { with_file /etc/resolv.conf "$resolv" "$MOULETTE" "$@"; }
	echo 'nameserver 10.7.0.1' >"$resolv"
	attempt 10.7.0.1:53/udp 10.7.0.1:54/udp 198.51.100.7:53/udp
	reached '10.7.0.1:53/udp a box' '10.7.0.1:54/udp EPERM' '198.51.100.7:53/udp EPERM'
	for servers_of in 'nameserver 127.0.0.53' $'nameserver 10.7.0.1\nnameserver 127.0.0.1' 'nameserver fd00::1' ''; do
		echo "$servers_of" >"$resolv"
		attempt 10.7.0.1:53/udp
		[ "$status" = 2 ] || fail "$servers_of: status $status"
		expect_text "$messages" 'card.json' 'network.allow[0]' dns /etc/resolv.conf
		[ ! -s "$result" ]
	done
	no_trace
}

# --- what is refused before any box starts -----------------------------------------------------

# stored - how many results there are.
stored() {
	sqlite3 "$MOULETTE_HOME/results.db" 'select count(*) from results'
}

@test "without forwarding a destination beyond the host is exit 2, and nothing is switched on" {
	local entry before resolv=$BATS_TEST_TMPDIR/resolv.conf
	echo 'nameserver 10.7.0.6' >"$resolv"
	serve host 10.213.0.1:80/tcp || true
	grade -i host "$submission" -- true
	before=$(stored)
	forwarding 0
	moulette() { with_file /etc/resolv.conf "$resolv" "$MOULETTE" "$@"; }
	for entry in 10.7.0.5 10.7.0.4/30:80 1.2.3.4:53/udp internet dns; do
		allow host:80 "$entry"
		attempt 10.7.0.5:80/tcp
		[ "$status" = 2 ] || fail "$entry: status $status"
		expect_text "$messages" 'network.allow[1]' "'$entry'" net.ipv4.ip_forward=1 'sysctl -w'
		[ ! -s "$result" ]
	done
	[ "$(stored)" = "$before" ]
	[ "$(on host cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
	no_trace
	allow host:80
	attempt 10.7.0.5:80/tcp
	expect_verdict passed none 0
	[ "$(on host cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
	no_trace
}

@test "a command gets no card that only the assignment's tests need" {
	local a
	a=$(assignment far '"image": "busybox", "build": [], "tests": [
		{"name": "far", "run": ["true"], "network": {"allow": ["1.2.3.4:80"]}}]')
	forwarding 0
	grade -a "$a" "$submission"
	[ "$status" = 2 ]
	expect_text "$messages" net.ipv4.ip_forward=1
	grade -a "$a" "$submission" -- true
	expect_verdict passed none 0
	no_trace
}

@test "workers of a batch give their cards by sockets of their own" {
	local a i folder=$BATS_TEST_TMPDIR/class
	a=$(assignment cards '"image": "busybox", "network": {"allow": []}, "build": [], "tests": [{"name": "t", "run": ["true"]}]')
	mkdir "$folder"
	for ((i = 0; i < 12; i++)); do cp "$submission" "$folder/$i.tar"; done
	moulette batch -j 3 -a "$a" "$folder" >"$BATS_TEST_TMPDIR/out" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/out")"
	[ "$(grep -c ': passed' "$BATS_TEST_TMPDIR/out")" = 12 ]
	no_trace
}

@test "bad entries are exit 2 with the key, whoever reads them" {
	local before where value words word a
	grade -i host "$submission" -- true
	before=$(stored)
	while IFS='|' read -r value words; do
		card "$value"
		a=$(assignment bad "\"image\": \"host\", \"build\": [], \"tests\": [{\"name\": \"one\", \"run\": [\"true\"]}], \"network\": $value")
		step=$(assignment step "\"image\": \"host\", \"build\": [], \"tests\": [{\"name\": \"zero\", \"run\": [\"true\"]}, {\"name\": \"one\", \"run\": [\"true\"], \"network\": $value}]")
		for where in 'run -p card -i host SUB -- true' 'profile check CARD' 'run -a ASSIGNMENT SUB' 'assignment check ASSIGNMENT' 'run -a STEP SUB'; do
			read -ra argv <<<"$where"
			argv=("${argv[@]/SUB/$submission}")
			argv=("${argv[@]/CARD/$MOULETTE_PROFILES/card.json}")
			argv=("${argv[@]/ASSIGNMENT/$a}")
			argv=("${argv[@]/STEP/$step}")
			# What depends on the host is not seen by a check of the file.
			[[ $words != *HOST* || $where == run* ]] || continue
			status=0
			moulette "${argv[@]}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
			[ "$status" = 2 ] || { cat "$BATS_TEST_TMPDIR/err"; fail "$where, $value: status $status"; }
			for word in network ${words/HOST/}; do
				grep -qF -- "$word" "$BATS_TEST_TMPDIR/err" || fail "$where, $value: no '$word' in: $(cat "$BATS_TEST_TMPDIR/err")"
			done
			case $where in
			*STEP*) expect_text "$BATS_TEST_TMPDIR/err" 'tests[1]' ;;
			esac
			[ ! -s "$BATS_TEST_TMPDIR/out" ] || [[ $where == *check* ]]
		done
	done <<-'E'
		{"allow": ["db.school.test:5432"]}|allow[0] names
		{"allow": ["host:80", "fd00::1"]}|allow[1] IPv6
		{"allow": ["10.7.0.5:90-80"]}|allow[0] above 80-90
		{"allow": ["10.7.0.5:65536"]}|allow[0] 65536
		{"allow": ["10.7.0.5/24"]}|allow[0] 10.7.0.0/24
		{"allow": ["127.0.0.1:80"]}|allow[0] loopback
		{"allow": ["300.1.1.1"]}|allow[0] address
		{"allow": ["10.7.0.5:80/icmp"]}|allow[0] icmp
		{"allow": ["10.7.0.0/24"]}|allow[0] 10.7.0.1 HOST
		{"allow": ["5.6.7.8:80"]}|allow[0] 5.6.7.8 HOST
		{"allow": ["203.0.113.7"]}|allow[0] 203.0.113.7 HOST
		{"allow": ["10.213.0.1:80"]}|allow[0] 10.213.0.0/16 HOST
		{"allow": ["10.213.1.3"]}|allow[0] 10.213.0.0/16 HOST
		{"allow": [], "rate": "10"}|rate
		{"allow": [], "rate": 10}|rate
		{"allow": [], "connections": 0}|connections
		{"allow": [], "speed": 1}|speed
		["host"]|network
	E
	[ "$(stored)" = "$before" ]
	no_trace
}

@test "a cards' network that the host uses is exit 2; another one is taken" {
	local conf=$BATS_TEST_TMPDIR/moulette.conf
	serve host 0.0.0.0:80/tcp
	allow host:80
	moulette() { with_file /etc/moulette.conf "$conf" "$MOULETTE" "$@"; }
	on host ip route add 172.20.5.0/24 via 10.7.0.5
	for network in 10.7.0.0/16 10.8.0.0/16 172.20.0.0/16; do
		echo "{\"card_network\": \"$network\"}" >"$conf"
		attempt 10.213.0.1:80/tcp
		[ "$status" = 2 ] || fail "$network: status $status"
		expect_text "$messages" /etc/moulette.conf card_network "$network"
		run -2 moulette network up
		[[ $output == *card_network* ]]
	done
	for network in 5.6.0.0/16 10.99.0.0/24 10.99.1.0/16 10.99.0.0 word; do
		echo "{\"card_network\": \"$network\"}" >"$conf"
		attempt 10.213.0.1:80/tcp
		[ "$status" = 2 ] || fail "$network: status $status"
		expect_text "$messages" /etc/moulette.conf card_network
	done
	no_trace
	echo '{"card_network": "10.99.0.0/16"}' >"$conf"
	grade -p card -i host "$submission" -- sh -c 'python3 try.py $MOULETTE_HOST:80/tcp 10.213.0.1:80/tcp'
	[[ $(field steps.0.stdout.text) == '10.99.0.1:80/tcp 10.99.'[1-9]*$'\n10.213.0.1:80/tcp ECONNREFUSED' ]] || fail "other network"
	no_trace
}

# --- who decides -------------------------------------------------------------------------------

@test "a step's network is over the assignment's, that over the profile's; null takes the card away" {
	serve host 0.0.0.0:81/tcp 0.0.0.0:82/tcp 0.0.0.0:83/tcp
	allow host:81
	local a tests all='"python3", "try.py", "10.213.0.1:81/tcp", "10.213.0.1:82/tcp", "10.213.0.1:83/tcp"'
	tests="\"image\": \"host\", \"profile\": \"card\", \"build\": [], \"tests\": [
		{\"name\": \"nothing said\", \"run\": [$all]},
		{\"name\": \"another\", \"run\": [$all], \"network\": {\"allow\": [\"host:83\"]}},
		{\"name\": \"none\", \"run\": [$all, \"127.0.0.1:1/tcp\"], \"network\": null},
		{\"name\": \"nobody\", \"run\": [$all], \"network\": {}},
		{\"name\": \"again\", \"run\": [$all]}]"
	a=$(assignment order "$tests, \"network\": {\"allow\": [\"host:82\"]}")
	grade -a "$a" "$submission"
	expect_verdict passed none 0
	opened() { # STEP PORTS
		local text
		text=$(field "steps.$1.stdout.text" | awk '/ 10/ { printf "%s ", substr($1, 12, 2) }')
		[ "$text" = "$2" ] || fail "step $1 reached $text, expected $2"
	}
	opened 0 '82 '
	opened 1 '83 '
	opened 2 ''
	expect steps.2.network null
	opened 3 ''
	[[ $(field steps.3.network) == *refused*8[123]* ]]
	opened 4 '82 '
	a=$(assignment profile "$tests")
	grade -a "$a" "$submission"
	opened 0 '81 '
	opened 1 '83 '
	opened 4 '81 '
	a=$(assignment away "$tests, \"network\": null")
	grade -a "$a" "$submission"
	opened 0 ''
	expect steps.0.network null
	opened 1 '83 '
	no_trace
}

# --- counters, limits --------------------------------------------------------------------------

@test "bytes and packets each way, of this step alone" {
	local a
	serve host 0.0.0.0:80/tcp
	a=$(assignment count '"image": "host", "build": [], "network": {"allow": ["host:80/tcp"], "rate": "1Gbit"}, "tests": [
		{"name": "much", "run": ["python3", "-c", "import socket; s = socket.create_connection((\"10.213.0.1\", 80)); s.recv(1); s.sendall(bytes(300000)); s.shutdown(1); s.recv(100); s.recv(1)"]},
		{"name": "little", "run": ["python3", "try.py", "10.213.0.1:80/tcp"]},
		{"name": "lo", "run": ["python3", "try.py", "127.0.0.1:80/tcp"]}]')
	grade -a "$a" "$submission"
	expect_verdict passed none 0
	python3 - "$result" <<-'P'
		import json, sys
		much, little, lo = (s["network"] for s in json.load(open(sys.argv[1]))["steps"])
		assert 300000 < much["sent"]["bytes"] < 400000, much
		# A packet that is cut later counts once.
		assert much["sent"]["packets"] >= 5 and much["received"]["packets"] >= 5, much
		assert 100 < much["received"]["bytes"] < 100000, much
		assert 100 < little["sent"]["bytes"] < 2000 and 100 < little["received"]["bytes"] < 2000, little
		none = {"bytes": 0, "packets": 0}
		assert lo == {"sent": none, "received": none, "refused": []}, lo
	P
}

@test "connections above the limit are refused and counted, closed ones are free again" {
	serve host 0.0.0.0:80/tcp 0.0.0.0:80/udp
	serve outside 0.0.0.0:80/tcp
	local card_keys='"connections": 3' to
	allow host:80 10.7.0.5:80/tcp
	for to in 10.213.0.1 10.7.0.5; do
		grade -p card -i host "$submission" -- python3 -c '
import socket, sys, time
def open_all():
    n = 0
    for i in range(5):
        try: kept.append(socket.create_connection((sys.argv[1], 80), 8)); kept[-1].recv(100); n += 1
        except OSError as e: print(e.errno)
    return n
kept = []
print(open_all())
# Ended by the server, so that nothing waits here.
for s in kept: s.shutdown(1); s.recv(100); s.close()
kept = []
# The kernel looks after closed ones once a tick.
time.sleep(0.2)
print(open_all())' "$to"
		expect_verdict passed none 0
		expect steps.0.stdout.text $'111\n111\n3\n111\n111\n3'
		refused "$to:80/tcp 4"
	done
	no_trace
}

@test "rate is on both ends of the card" {
	local card_keys='"rate": "3Mbit"'
	allow host:80
	start slow -p card -i busybox "$submission" -- sh -c 'echo ready; sleep 1000'
	on host tc qdisc show | grep 'tbf.*dev moul-c[0-9a-f-]* .*rate 3Mbit' || fail "$(on host tc qdisc show)"
	nsenter --net="$(netns_of "$id")" tc qdisc show dev eth0 | grep 'tbf.*rate 3Mbit'
	kill "$runner"
	finish slow
	no_trace
}

@test "a tunnel over DNS carries no more than rate" {
	local card_keys='"rate": "80kbit"' resolv=$BATS_TEST_TMPDIR/resolv.conf
	serve outside 10.7.0.5:53/udp
	echo 'nameserver 10.7.0.5' >"$resolv"
	allow dns
	moulette() { with_file /etc/resolv.conf "$resolv" "$MOULETTE" "$@"; }
	grade -p card -i host "$submission" -- python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("10.7.0.5", 53)); s.setblocking(False)
end, tried = time.monotonic() + 2, 0
while time.monotonic() < end:
    try: tried += s.send(bytes(500))
    except OSError: time.sleep(0.001)
print(tried)'
	expect_verdict passed none 0
	python3 - "$result" <<-'E'
	import json, sys
	step = json.load(open(sys.argv[1]))["steps"][0]
	sent, tried, seconds = step["network"]["sent"]["bytes"], int(step["stdout"]["text"]), step["wall_ns"] / 1e9
	# What may go at once, and 10,000 bytes for each second.
	most = 16384 + 10000 * seconds + 2000
	assert tried > 2 * most and 0 < sent <= most, (tried, sent, most)
	E
	no_trace
}

# --- one test and the next ---------------------------------------------------------------------

@test "nothing of one test's network is there in the next" {
	serve host 0.0.0.0:80/tcp
	local a b
	a=$(assignment between '"image": "host", "build": [], "network": {"allow": ["host:80", "host:81"], "connections": 1}, "tests": [
		{"name": "one", "run": ["python3", "between.py"]}, {"name": "two", "run": ["python3", "between.py"]},
		{"name": "three", "run": ["python3", "between.py"]}]')
	b=$(archive b.tar between.py '
import os, socket
# What was there before this test did anything.
for name in "snmp", "netstat", "nf_conntrack", "tcp", "udp":
    try: print(name, open("/proc/self/net/" + name).read())
    except OSError as e: print(name, e.errno)
s = socket.socket(); s.bind(("0.0.0.0", 7777)); s.listen()
c = socket.create_connection(("127.0.0.1", 7777)); a, _ = s.accept()
a.close(); c.recv(1); c.close()
# With one connection only, one that was left would take the place.
h = socket.create_connection(("10.213.0.1", 80), 8); h.recv(100)
try: socket.create_connection(("10.213.0.1", 80), 8)
except OSError as e: print(e.errno)
h.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20); h.setblocking(False)
try:
    while True: h.send(bytes(65536))
except OSError: pass
if os.fork() == 0:
    os.setsid()
    while True: pass
')
	grade -a "$a" "$b"
	expect_verdict passed none 0
	expect steps.1.stdout.text "$(field steps.0.stdout.text)" steps.2.stdout.text "$(field steps.0.stdout.text)" \
		steps.1.network.refused "$(field steps.0.network.refused)"
	[[ $(field steps.0.stdout.text) == *111 ]]
	# Nor in another run.
	local first
	first=$(field steps.0.stdout.text)
	grade -a "$a" "$b"
	expect steps.0.stdout.text "$first"
	no_trace
}

# --- who is killed, and when -------------------------------------------------------------------

@test "a runner that is killed leaves nothing that the next command does not remove" {
	serve host 0.0.0.0:80/tcp
	serve outside 0.0.0.0:80/tcp
	allow host:80 10.7.0.5:80 internet
	attempt 10.213.0.1:80/tcp
	host_before
	local delay
	for delay in 0 0.01 0.02 0.03 0.05 0.07 0.1 0.15 0.2; do
		background host "$MOULETTE" run -p card -i host "$submission" -- python3 try.py 10.213.0.1:80/tcp >/dev/null 2>&1
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	start killed -p card -i busybox "$submission" -- sh -c 'echo ready; sleep 1000'
	kill -KILL "$runner"
	finish killed
	moulette gc
	host_same
	no_trace
	# Without gc, too: the next box with the same slot.
	start killed -p card -i busybox "$submission" -- sh -c 'echo ready; sleep 1000'
	kill -KILL "$runner"
	finish killed
	attempt 10.213.0.1:80/tcp 10.7.0.5:80/tcp
	reached '10.213.0.1:80/tcp a box' '10.7.0.5:80/tcp 10.7.0.1'
	host_same
	no_trace
}

@test "network up and down: a repetition gives a message, a server outlives boxes" {
	allow host:80
	[ "$(moulette network up)" = 10.213.0.1 ]
	moulette network up >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = 10.213.0.1 ]
	expect_text "$BATS_TEST_TMPDIR/err" already
	serve host 10.213.0.1:80/tcp
	for _ in 1 2; do
		attempt 10.213.0.1:80/tcp
		reached '10.213.0.1:80/tcp a box'
	done
	on host ip -o addr | grep -qF 10.213.0.1/32
	moulette gc
	on host ip -o addr | grep -qF 10.213.0.1/32
	moulette network down
	no_trace
	moulette network down 2>"$BATS_TEST_TMPDIR/err"
	expect_text "$BATS_TEST_TMPDIR/err" 'not kept'
	no_trace
	run -2 "$MOULETTE" network
	run -2 "$MOULETTE" network sideways
	run -2 "$MOULETTE" network up down
}


@test "network down does not cut off a box that runs, nor what it still opens" {
	moulette network up
	serve host 10.213.0.1:80/tcp
	allow host:80
	start long -p card -i host "$submission" -- python3 -c '
import signal, socket
s = socket.create_connection(("10.213.0.1", 80)); s.recv(100)
signal.signal(signal.SIGUSR1, lambda *_: None)
print("ready", flush=True)
signal.pause()
s.sendall(b"x"); s.shutdown(1); print(s.recv(100))
print(len(socket.create_connection(("10.213.0.1", 80), 8).recv(100)) > 9)'
	moulette network down
	on host ip -o link | grep -qF moul-host && fail "it is there"
	moulette kill -s USR1 "$id"
	finish long
	expect_verdict passed none 0
	expect steps.0.stdout.text $'ready\nb\'\'\nTrue'
	no_trace
}

@test "two runs at once reach the host, and neither the other; nobody reaches them" {
	serve host 0.0.0.0:80/tcp
	allow host:80 10.7.0.5:80
	local name place box_py='
import os, signal, socket, sys
s = socket.socket(); s.bind(("0.0.0.0", 90)); s.listen(); s.settimeout(0.1)
signal.signal(signal.SIGUSR1, lambda *_: None)
print("ready", flush=True)
signal.pause()
try: s.accept(); print("somebody came", flush=True)
except socket.timeout: pass
os.execvp("python3", ["python3", "try.py", "10.213.0.1:80/tcp"] + sys.argv[1:])'
	start one -p card -i host "$submission" -- python3 -c "$box_py" 10.213.1.200:90/tcp
	local first=$id box
	box=$(on host ip -o route | awk '/ dev moul-c/ { print $1 }')
	start two -p card -i host "$submission" -- python3 -c "$box_py" "$box:90/tcp"
	[ "$id" != "$first" ]
	[ "$(on host ip -o route | grep -c ' dev moul-c')" = 2 ]
	# From the host and from outside: silence, or no way.
	for place in host outside; do
		[[ $(on "$place" env PATIENCE=0.5 python3 -c "$try_py" "$box:90/tcp") == "$box:90/tcp "@(timeout|EHOSTUNREACH) ]]
	done
	moulette kill -s USR1 "$id"
	finish two
	expect_verdict passed none 0
	[[ $(field steps.0.stdout.text) == $'ready\n10.213.0.1:80/tcp 10.213.'*$'\n'"$box:90/tcp ECONNREFUSED" ]] || fail two
	refused "$box:90/tcp 1"
	moulette kill -s USR1 "$first"
	finish one
	expect_verdict passed none 0
	[[ $(field steps.0.stdout.text) == $'ready\n10.213.0.1:80/tcp 10.213.'*$'\n10.213.1.200:90/tcp ECONNREFUSED' ]] || fail one
	no_trace
}

@test "runsc: a card is exit 2 with words" {
	command -v runsc >/dev/null || skip "runsc is not installed"
	allow host:80
	MOULETTE_ENGINE=runsc
	attempt 10.213.0.1:80/tcp
	[ "$status" = 2 ]
	expect_text "$messages" runsc network crun
	[ ! -s "$result" ]
	no_trace
}
