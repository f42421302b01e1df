bad=0
for f in softnet_stat sockstat sockstat6 protocols rt_acct stat stat/rt_cache stat/nf_conntrack stat/arp_cache netstat snmp; do
	if cat /proc/self/net/$f >/dev/null 2>&1 || ls /proc/self/net/$f/ >/dev/null 2>&1; then
		echo "reads /proc/self/net/$f"
		bad=1
	fi
done
exit $bad
